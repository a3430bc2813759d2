// An action's dialog: parameters, preview, confirmation, and the same run as code.

const DAYS_KINDS = new Set(["date", "timestamp"]);

function smallTable(table, currency = "") {
  const numeric = (column) => ["money", "integer", "number"].includes(column.kind);
  const at = table.columns.findIndex((column) => column.key === "currency");
  const cell = (row, column, index) => {
    const value = shown(row[index], column, column.kind === "money" ? (at >= 0 ? row[at] : currency) : "");
    return h("td", { class: numeric(column) ? "num" : DAYS_KINDS.has(column.kind) ? "day" : null }, column.kind === "choice" && value ? h("span", { class: "ib-chip", "data-value": row[index] }, value) : value);
  };
  const rows = table.rows.map((row) => h("tr", {}, ...table.columns.map((column, index) => cell(row, column, index))));
  return h("div", { class: "ib-tablebox", tabindex: 0, role: "region", "aria-label": table.label },
    h("table", {}, h("thead", {}, h("tr", {}, ...table.columns.map((column) => h("th", { scope: "col", class: numeric(column) ? "num" : null }, column.label)))), h("tbody", {}, ...rows)),
    table.total > table.rows.length && quiet(`${count(table.total - table.rows.length)} more rows`));
}

const sections = (tables) => h("div", {}, ...tables.map((table) => h("section", {}, h("h3", {}, table.label), smallTable(table))));

function tabbed(parts) {
  if (!parts.length) return "";
  const holder = h("div", { role: "tabpanel" });
  const tabs = parts.map((part, index) => h("button", { role: "tab", class: "ib-tab", id: freshId("ib-tab"), onclick: () => choose(index) }, part.label, h("span", { class: "ib-part" }, count(part.total))));
  const choose = (index) => {
    tabs.forEach((tab, at) => { tab.setAttribute("aria-selected", String(at === index)); tab.tabIndex = at === index ? 0 : -1; });
    holder.setAttribute("aria-labelledby", tabs[index].id);
    holder.replaceChildren(parts[index].tables.length ? sections(parts[index].tables) : quiet("Nothing here."));
  };
  const list = h("div", { class: "ib-tabs", role: "tablist", onkeydown: (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = (tabs.indexOf(document.activeElement) + step + tabs.length) % tabs.length;
    choose(next);
    tabs[next].focus();
  } }, ...tabs);
  choose(0);
  return h("div", {}, list, holder);
}

function createDialogs(context) {
  let open = null;

  function show(message) {
    open?.dialog.close("cancel");
    const back = context.root.getRootNode().activeElement;
    const title = freshId("ib-title");
    const fields = message.fields.map((field) => createField(field, () => ask()));
    const preview = h("div", { class: "ib-preview", "aria-live": "polite", "aria-busy": "true" }, quiet("Working out what would happen…"));
    const general = h("p", { class: "ib-problem", role: "alert" });
    const go = h("button", { type: "submit", class: `ib-button ${message.irreversible ? "danger" : "primary"}`, disabled: true }, message.title);
    const typed = h("input", { class: "ib-input short", inputmode: "numeric", autocomplete: "off", "aria-label": "Number of invoices, to confirm", required: message.confirm });
    const confirmBox = message.confirm ? h("div", { class: `ib-confirm${message.irreversible ? " danger" : ""}` }, icon("alert"), h("div", {}, h("p", {}, message.irreversible ? h("strong", {}, "This can't be undone. ") : null, "Type the number of ", h("span", { class: "ib-noun" }, "invoices"), " to go on: ", h("strong", { class: "ib-expected" })), typed)) : null;
    const form = h("form", { method: "dialog", class: "ib-form" },
      h("header", {}, h("h2", { id: title }, message.title), tiny("Close", "close", () => dialog.close("cancel"))),
      h("div", { class: "ib-dialogbody", tabindex: -1 }, message.help && quiet(message.help),
        fields.length ? h("div", { class: "ib-fields" }, ...fields.map((field) => field.element)) : null, general, preview), confirmBox,
      h("footer", {}, message.code && codeButton(), push(), button("Cancel", () => dialog.close("cancel")), go));
    const dialog = h("dialog", { class: "ib-dialog", "aria-labelledby": title }, form);
    let asked = 1, answered = null;

    const values = () => Object.fromEntries(fields.map((field) => [field.name, field.read()]));
    const request = () => { context.send({ kind: "preview", n: asked, params: values() }); };
    const later = debounce(request, 220);
    const ask = () => { asked += 1; answered = null; go.disabled = true; preview.setAttribute("aria-busy", "true"); later(); };
    const ready = () => answered && answered.eligible > 0 && (!message.confirm || typed.value.trim() === String(answered.confirm));
    const allow = () => {
      go.disabled = !ready();
      go.title = !go.disabled ? "" : !answered ? "Nothing to do yet: see the fields and the preview" : !answered.eligible ? "No row can take it" : `Type ${answered.confirm} to go on`;
    };
    typed.addEventListener("input", allow);

    function codeButton() {
      const opener = button("Code", () => openCode(opener, values), { look: "plain", symbol: "code", "aria-haspopup": "menu", "aria-expanded": "false" });
      return opener;
    }

    function answer(found) {
      if (found.n !== asked) return;
      const problems = found.problems ?? {};
      const untouched = asked === 1 && !found.fault;
      fields.forEach((field) => field.refuse(untouched ? "" : problems[field.name]));
      general.textContent = untouched ? "" : [problems[""], found.hint].filter(Boolean).join(" ");
      preview.setAttribute("aria-busy", "false");
      if (found.problems) {
        const hint = untouched ? problems[""] ?? "Fill in the fields to see what would happen." : "Nothing to show yet.";
        preview.replaceChildren(quiet(`${hint.charAt(0).toUpperCase()}${hint.slice(1)}`));
        go.disabled = true;
        return;
      }
      answered = found;
      const rest = found.refused.reduce((sum, [, rows]) => sum + rows, 0);
      preview.replaceChildren(found.asks ? h("p", {}, found.asks) : "",
        h("p", { class: "ib-outcome" }, h("strong", {}, plural(found.eligible)), rest ? ` of ${count(message.selected)} selected` : " selected", found.messages ? `, in ${plural(found.messages, "message", "messages")}` : "",
          message.hidden ? h("span", { class: "ib-hidden" }, `, ${count(message.hidden)} of the selected are not shown`) : "",
          found.failing ? h("span", { class: "ib-problem" }, `, ${count(found.failing)} of them will fail`) : ""),
        rest ? h("details", { class: "ib-refused" }, h("summary", {}, `${plural(rest)} will be left out`), h("ul", {}, ...found.refused.map(([reason, rows]) => h("li", {}, h("strong", {}, count(rows)), ` ${reason}`)))) : "",
        context.mail.opener(dialog, asked, found), tabbed(found.tabs), sections(found.tables));
      if (confirmBox) confirmBox.hidden = !found.eligible;
      confirmBox?.querySelector(".ib-expected").replaceChildren(String(found.confirm));
      const noun = found.messages ? "messages" : "invoices";
      confirmBox?.querySelector(".ib-noun").replaceChildren(noun);
      typed.setAttribute("aria-label", `Number of ${noun}, to confirm`);
      go.replaceChildren(`${message.title} (${count(found.confirm)})`);
      allow();
    }

    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (!ready()) return;
      context.send({ kind: "run", n: asked, typed: typed.value });
      dialog.close("run");
    });
    openDialog(context.root, dialog, () => {
      if (open?.dialog === dialog) open = null;
      const opener = standIn(context.root, back);
      if (opener && opener !== document.body) opener.focus({ preventScroll: true });
      else context.focusGrid();
    });
    (fields[0]?.input ?? form.querySelector("footer .ib-button:not(.plain)")).focus();
    open = { dialog, answer };
    request();
  }

  function openCode(anchor, values) {
    const pick = (as) => { popover.close(); context.send({ kind: "code", as, params: values?.() ?? null }); };
    const item = (as, label) => h("button", { role: "menuitem", class: "ib-action", onclick: () => pick(as) }, label);
    const popover = openPopover({ root: anchor.closest("dialog") ?? context.root }, anchor, h("div", { class: "ib-menu" }, item("python", "Copy as Python"), item("command", "Copy as command"), item("notebook", "Save as notebook")), { role: "menu", label: "This run as code" });
  }

  async function showCode(message) {
    const host = open?.dialog ?? context.root;
    if (message.as === "notebook") return context.toast(`Saved ${message.path}`);
    const copied = await toClipboard(message.text);
    const text = h("textarea", { class: "ib-code", readonly: true, rows: Math.min(14, message.text.split("\n").length + 1), "aria-label": "Code", spellcheck: "false" }, message.text);
    const dialog = h("dialog", { class: "ib-dialog", "aria-label": "This run as code" },
      h("div", { class: "ib-form" }, h("header", {}, h("h2", {}, message.as === "python" ? "As Python" : "As command")), h("div", { class: "ib-dialogbody" }, quiet(copied ? "Copied." : "Select and copy."), text),
        h("footer", {}, push(), button("Close", () => dialog.close(), { look: "primary" }))));
    openDialog(host, dialog);
    text.focus();
    text.select();
  }

  return { show, answer: (found) => open?.answer(found), showCode, openCode, close: () => open?.dialog.close("cancel") };
}
