// The messages of a previewed run, one at a time and sealed off from this page; and tests to oneself.

function createMail(context) {
  let view = null;

  // The button in a dialog that opens its messages; nothing where the run sends none.
  const opener = (host, n, found) => found.messages
    ? button(`Look at the ${plural(found.messages, "message", "messages")}`, () => open(host, n), { look: "small", "data-messages": found.messages }) : "";

  function open(host, n) {
    const back = host.getRootNode().activeElement;
    const title = h("h2", { id: freshId("ib-title"), "aria-live": "polite" }, "Messages");
    const search = h("input", { class: "ib-input", type: "search", placeholder: "Document or customer", "aria-label": "Find by document or customer", autocomplete: "off" });
    const body = h("div", { class: "ib-mailbody", "aria-live": "off" }, quiet("Making the message…"));
    const to = h("input", { class: "ib-input", type: "email", placeholder: "me@example.com", "aria-label": "Send a test to", autocomplete: "email" });
    const many = h("input", { class: "ib-input", type: "number", min: 1, max: 20, value: 3, "aria-label": "How many tests" });
    const told = h("p", { class: "ib-quiet", role: "status" });
    let at = 0, plain = false, last = null;

    const ask = (place, more = {}) => context.send({ kind: "message", n, at: Math.max(place, 0), search: search.value, ...more });
    const previous = button("Previous", () => ask(at - 1, { back: true }), { look: "small" });
    const next = button("Next", () => ask(at + 1), { look: "small" });
    const find = () => ask(0);
    const test = button("Send a test", () => { told.textContent = "Sending…"; test.disabled = true; context.send({ kind: "test", n, to: to.value.trim(), limit: Number(many.value) || 3 }); }, { look: "small" });
    search.addEventListener("change", find);
    search.addEventListener("search", () => { if (!search.value) ask(at); });

    const dialog = h("dialog", { class: "ib-dialog ib-mail", "aria-labelledby": title.id }, h("div", { class: "ib-form" },
      h("header", {}, title, tiny("Close the messages", "close", () => dialog.close())),
      h("div", { class: "ib-mailtools" }, previous, next, search), body,
      h("footer", {}, h("span", {}, "Send a test of the first"), many, h("span", {}, "to"), to, test, told)));

    function paint() {
      const look = last.html ? h("iframe", { sandbox: "", title: "The message as it looks", srcdoc: last.html })
        : last.page ? h("img", { src: `data:image/png;base64,${last.page}`, alt: "First page" }) : null;
      const tab = (label, chosen, pick) => h("button", { role: "tab", class: "ib-tab", "aria-selected": String(chosen), onclick: pick }, label);
      const tabs = look && last.text ? h("div", { class: "ib-tabs", role: "tablist" }, tab("As it looks", !plain, () => { plain = false; paint(); }), tab("Plain text", plain, () => { plain = true; paint(); })) : "";
      const files = last.files.map((file, index) => h("li", {}, h("button", { class: "ib-link", onclick: () => context.send({ kind: "enclosure", n, at, index }) }, icon("file"), file.name),
        h("span", { class: "ib-quiet" }, ` ${file.pages ? `${plural(file.pages, "page", "pages")}, ` : ""}${bytes(file.size)}`)));
      body.replaceChildren(h("dl", { class: "ib-mailhead" }, ...last.head.flatMap(([name, text]) => [h("dt", {}, name), h("dd", { class: name === "Problem" ? "ib-problem" : null }, text)])),
        tabs, look && !plain ? look : h("pre", { class: "ib-code" }, last.text), h("ul", { class: "ib-files" }, ...files));
    }

    function show(message) {
      if (message.n !== n) return;
      if (message.problem) { body.replaceChildren(h("p", { class: "ib-problem", role: "alert" }, [message.problem, message.hint].filter(Boolean).join(" "))); return; }
      last = message;
      at = message.at;
      title.replaceChildren(`Message ${count(at + 1)} of ${count(message.of)}`);
      previous.disabled = message.first;
      next.disabled = message.last;
      paint();
    }

    function tested(message) {
      test.disabled = false;
      const bad = (message.rows ?? []).filter(([, outcome]) => outcome !== "sent").map(([number, , answer]) => `${number}: ${answer}`);
      const sent = (message.rows ?? []).length - bad.length;
      told.textContent = message.problem ? [message.problem, message.hint].filter(Boolean).join(" ") : [`${plural(sent, "test", "tests")} sent to ${message.to}; nothing else has changed.`, ...bad].join(" ");
    }

    openDialog(host, dialog, () => { view = null; back?.focus?.({ preventScroll: true }); });
    next.focus();
    view = { show, tested };
    ask(0);
  }

  return { opener, show: (message) => view?.show(message), tested: (message) => view?.tested(message) };
}
