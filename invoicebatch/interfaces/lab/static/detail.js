// One invoice in a drawer: its first page, what belongs to it, and what can be done with it.

const BESIDE = new Set(["vat", "payments"]);

function createDetail(context) {
  let open = null;

  const value = (row, column, index, currency) => {
    const text = shown(row[index], column, column.kind === "money" ? currency : "");
    return column.kind === "choice" && CHIPS.has(column.key) ? h("span", { class: "ib-chip", "data-value": row[index] }, text) : text;
  };
  const facts = ({ columns, rows: [row] }, currency) => h("dl", { class: "ib-facts" }, ...columns.map((column, index) => h("div", {}, h("dt", {}, column.label), h("dd", {}, value(row, column, index, currency)))));
  const section = (title, ...content) => h("section", {}, h("h3", {}, title), ...content);

  function bars({ rows }) {
    const most = (of) => Math.max(...rows.map(([, unit, usage]) => (unit === of ? usage : 0))) || 1;
    return h("ul", { class: "ib-bars" }, ...rows.map(([period, unit, usage]) => h("li", {}, h("span", {}, period), h("span", { class: "ib-barbox" }, h("span", { class: "ib-usage", style: `width:${Math.max(0, (100 * usage) / most(unit))}%` })), h("span", { class: "num" }, `${NUMBER.format(usage)} ${unit}`))));
  }

  function setActions(message) {
    if (message.id === open?.id) open.actions.replaceChildren(actionList(message));
  }

  function actionList(message) {
    const can = message.actions.filter((action) => action.applies), rest = message.actions.filter((action) => !action.applies);
    const start = (action) => { open.dialog.close(); context.send({ kind: "dialog", action: action.action, ids: [message.id] }); };
    return h("div", {}, h("div", { class: "ib-buttons" }, ...can.map((action) => button(action.label, () => start(action), { look: "small", "data-do": action.action }))),
      rest.length ? h("details", {}, h("summary", {}, `${count(rest.length)} more do not apply: why?`), h("dl", { class: "ib-whynot" }, ...rest.map((action) => h("div", { "data-not": action.action }, h("dt", {}, action.label), h("dd", {}, action.reason))))) : "");
  }

  function make() {
    const title = freshId("ib-title"), heading = h("h2", { id: title, tabindex: -1 }), body = h("div", { class: "ib-drawerbody", tabindex: 0, role: "region", "aria-label": "Details" });
    const step = (label, symbol, by) => tiny(label, symbol, () => turn(by));
    const tools = h("div", { class: "ib-buttons" });
    const dialog = h("dialog", { class: "ib-dialog ib-drawer", "aria-labelledby": title }, h("header", {}, heading, push(), step("Previous invoice", "up", -1), step("Next invoice", "down", 1),
      tiny("Close", "close", () => dialog.close())), tools, body);
    dialog.addEventListener("keydown", (event) => {
      const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (by && !event.target.closest(".ib-tablebox")) { event.preventDefault(); turn(by); }
    });
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
    openDialog(context.root, dialog, () => { open = null; context.focusGrid(); });
    heading.focus();
    return { dialog, heading, tools, body, at: 0, id: 0 };
  }

  const turn = (by) => { const at = context.walk(by); if (at !== open.at) show(at); };

  function show(at) {
    open ??= make();
    open.at = at;
    open.body.setAttribute("aria-busy", "true");
    if (!open.id) { open.heading.textContent = "Details"; open.body.replaceChildren(quiet("Reading…")); }
    context.send({ kind: "detail", at });
  }

  function receive(message) {
    if (!open || message.at !== open.at) return;
    open.id = message.id;
    open.heading.textContent = message.title;
    open.tools.replaceChildren(message.stored ? button("Open the PDF", () => context.send({ kind: "document", id: message.id }), { look: "primary small", symbol: "file" }) : "",
      button("All of this customer", () => { open.dialog.close(); context.send({ kind: "customer", id: message.id }); }, { look: "small", symbol: "filter" }));
    open.page = h("figure", { class: "ib-page" }, quiet("Drawing the page…"));
    open.stored = message.stored;
    open.actions = h("div", {}, quiet("Asking what can be done…"));
    const sections = message.parts.map((part) => section(part.label, part.name === "readings" && message.usage ? bars(message.usage) : "", smallTable(part, message.currency)));
    const beside = (part) => BESIDE.has(part.name);
    open.body.replaceChildren(h("div", { class: "ib-detailtop" }, open.page, h("div", {}, facts(message.facts, message.currency), ...sections.filter((_, at) => beside(message.parts[at])))), section("Actions", open.actions),
      ...sections.filter((_, at) => !beside(message.parts[at])));
    open.body.setAttribute("aria-busy", "false");
    open.body.scrollTop = 0;
    context.announce(message.title);
  }

  function setPage(message, buffers) {
    if (message.id !== open?.id) return;
    if (!buffers.length) return open.page.replaceChildren(quiet(`No page to show: ${message.why}`));
    const url = URL.createObjectURL(new Blob(buffers, { type: "image/png" })), label = `First page of ${open.heading.textContent}`;
    const picture = h("img", { src: url, alt: label, onload: () => URL.revokeObjectURL(url) });
    const larger = h("button", { class: "ib-pagebutton", "aria-pressed": "false", title: "Larger", onclick: () => larger.setAttribute("aria-pressed", String(open.page.classList.toggle("large"))) }, picture);
    open.page.replaceChildren(larger, h("figcaption", { class: "ib-quiet" }, open.stored ? "First page" : "As it would be made now"));
  }

  return { show, receive, setActions, setPage, close: () => open?.dialog.close() };
}
