// Puts the parts together and routes what the kernel says.

// The table of a saved notebook stands in for the grid; where the grid is alive it is not needed.
function hideStatic(id) {
  for (const table of document.querySelectorAll(`.ib-static-${id}`)) {
    (table.closest(".jp-OutputArea-child") ?? table).style.display = "none";
  }
}

const KEYS = [
  ["Enter, double click", "Details of the row"], ["Right click, Shift F10", "More for the row: all of its customer"], ["Space, Ctrl Space", "Select or not"],
  ["Shift with arrows, Home, End", "Select from here to there"], ["Ctrl A, Esc", "Select all that match, none"], ["Ctrl C", "Copy the selected rows for a spreadsheet"], ["/", "Search"],
  ["Ctrl ↑, or ↑ on the first row", "To the column heads: ← → walk, Enter sorts or filters, Shift Enter adds to the sort, Alt ← → moves the column, ↓ leads back"],
];

function render({ model, el }) {
  const live = h("div", { class: "ib-live", "aria-live": "polite", role: "status" });
  const note = h("div", { class: "ib-toast", role: "alert", hidden: true });
  const footer = h("div", { class: "ib-footer" });
  const where = h("span"), waiting = h("span", { class: "ib-waiting", hidden: true }, "Waiting for the kernel…");
  const sums = h("div", { class: "ib-sums" });
  const keysButton = button("Keys", () => openKeys(), { look: "small plain", "aria-haspopup": "dialog", "aria-expanded": "false" });
  footer.append(where, push(), waiting, keysButton);
  const lost = h("div", { class: "ib-lost", role: "alert", hidden: true }, icon("alert"), "The kernel restarted, or does not answer: run the cell again to go on.");
  const root = h("div", { class: "ib", tabindex: -1 });
  const answering = new Set(["page", "view", "select", "facets", "why", "show", "keys", "dialog", "preview", "run", "retry", "next", "resume", "abandon", "copy", "pick", "fix", "sheet", "refresh", "detail", "customer", "message", "outgoing", "incoming", "bundle", "bundle_action", "book", "unmatch", "set_aside"]);
  let timer = 0, silent = 0, hide = 0;

  async function copied(message) {
    const done = await toClipboard(message.text);
    context.toast(done ? `Copied ${plural(message.rows, "row", "rows")}.` : "The browser does not let the clipboard be written.");
  }

  // Net, VAT, total and what is open, by currency: of the rows shown, and of those selected.
  const sumsOf = (label, totals) => totals.map(([currency, net, vat, total, open]) => h("span", {}, h("strong", {}, label), ` net ${money(net, currency)} · VAT ${money(vat, currency)} · total ${money(total, currency)} · open ${money(open, currency)}`));

  function paintSums() {
    const bar = model.get("bar");
    sums.replaceChildren(...sumsOf("Shown", model.get("table").totals ?? []), ...(bar.n ? sumsOf("Selected", bar.totals) : []));
  }

  function openKeys() {
    const rows = KEYS.map(([keys, what]) => h("div", {}, h("dt", {}, keys), h("dd", {}, what)));
    openPopover(context, keysButton, h("div", { class: "ib-filter", tabindex: 0, autofocus: true, role: "region", "aria-label": "Keys" }, h("dl", { class: "ib-keys" }, ...rows)), { label: "Keys of the grid" });
  }

  const context = {
    id: Math.random().toString(36).slice(2),
    root,
    get: (name) => model.get(name),
    column: (key) => model.get("columns").find((column) => column.key === key),
    manyCurrencies: () => model.get("table").currencies > 1,
    send(message) {
      if (answering.has(message.kind) && !timer) {
        timer = setTimeout(() => { waiting.hidden = false; }, 1000);
        silent = setTimeout(() => { lost.hidden = false; }, 20_000);
      }
      model.send(message);
    },
    arrange(change) {
      const { sort, filters, search, only } = model.get("table");
      context.send({ kind: "view", sort, filters, search, only: !!only, ...change });
    },
    announce(text) { live.textContent = ""; requestAnimationFrame(() => { live.textContent = text; }); },
    toast(text) { note.textContent = text; note.hidden = false; clearTimeout(hide); hide = setTimeout(() => { note.hidden = true; }, 8000); },
    footer(first, last) {
      const table = model.get("table");
      const rows = table.total === table.all ? plural(table.total) : `${count(table.total)} of ${plural(table.all)}`;
      where.textContent = table.total ? `${rows} · rows ${count(first)}–${count(last)}` : rows;
    },
    sizeGrid(rows) { grid.port.style.height = `calc(${Math.max(6, Math.min(15, rows)) + 1} * var(--ib-row) + 14px)`; },
    clearSelection() { grid.selectAll(false); grid.port.focus({ preventScroll: true }); },
    focusGrid: () => grid.port.focus({ preventScroll: true }),
    openDetail: (at) => detail.show(at),
    walk: (by) => grid.walk(by),
    focusSearch: () => filters.focus(),
    openFilter: (column, anchor) => filters.open(column, anchor),
    openBundle: (bundle) => payments.openBundle(bundle),
    openCode: (anchor) => dialogs.openCode(anchor),
  };

  const grid = createGrid(context), filters = createFilters(context), views = createViews(context), groups = createGroups(context);
  const mail = context.mail = createMail(context);
  const bar = createBar(context), dialogs = createDialogs(context), report = createReport(context), detail = createDetail(context);
  grid.empty.append(h("p", {}, "No invoices match."), button("Clear all filters", () => context.arrange({ filters: {}, search: "", only: false })));
  const invoices = h("div", {}, h("div", { class: "ib-tools" }, filters.box, filters.chips, push(), groups.opener, ...views.buttons),
    groups.element, bar.element, h("div", { class: "ib-frame" }, grid.port, grid.empty), sums);
  const payments = createPayments(context, invoices);
  root.append(payments.strip, lost, report.elsewhere, report.waiting, report.element, invoices, payments.outgoing, payments.incoming, footer, live, note);
  el.append(root);

  const answered = () => { clearTimeout(timer); clearTimeout(silent); timer = 0; waiting.hidden = true; lost.hidden = true; };
  const routes = {
    page: grid.setPage, facets: filters.setFacets, why: bar.setReasons, dialog: dialogs.show, preview: dialogs.answer,
    groups: groups.set, outgoing: payments.setOutgoing, bundle: payments.setBundle, incoming: payments.setIncoming, told: (message) => context.toast(message.message),
    message: mail.show, test: mail.tested, fix: report.fixing, taken: report.taken, detail: detail.receive, detailactions: detail.setActions, detailpage: detail.setPage,
    code: dialogs.showCode, copied, file: report.receive, error: (message) => context.toast([message.message, message.hint].filter(Boolean).join(" ")),
  };
  const onMessage = (message, buffers) => { answered(); routes[message.kind]?.(message, buffers ?? []); };
  const on = {
    "change:table": () => { answered(); grid.setTable(model.get("table")); filters.paint(); bar.paint(); paintSums(); groups.ask(); },
    "change:bar": () => { answered(); grid.setBar(model.get("bar")); bar.setBar(model.get("bar")); paintSums(); groups.ask(); },
    "change:elsewhere": () => { answered(); report.setElsewhere(model.get("elsewhere")); },
    "change:waiting": () => report.setWaiting(model.get("waiting")),
    // The line to the kernel broke or came back: one that lives answers this, and takes the words away.
    "comm_live_update": () => { lost.hidden = false; try { model.send({ kind: "facets", key: "status" }); } catch { /* it is gone */ } },
    "change:run": () => { answered(); report.setRun(model.get("run")); if (model.get("run").state === "done") payments.refresh(); },
    "msg:custom": onMessage,
  };
  for (const [name, listener] of Object.entries(on)) model.on(name, listener);
  const watcher = new ResizeObserver(() => { hideStatic(model.get("static_id")); grid.schedule(); bar.fit(); });
  watcher.observe(root);
  watcher.observe(grid.port);
  grid.setTable(model.get("table"));
  grid.setBar(model.get("bar"));
  filters.paint();
  bar.setBar(model.get("bar"));
  report.setRun(model.get("run"));
  report.setElsewhere(model.get("elsewhere"));
  report.setWaiting(model.get("waiting"));
  paintSums();

  return () => {
    for (const [name, listener] of Object.entries(on)) model.off(name, listener);
    watcher.disconnect();
    grid.stop();
    dialogs.close();
    detail.close();
    clearTimeout(timer);
    clearTimeout(silent);
  };
}

export default { render };
