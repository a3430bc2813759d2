// The virtual grid: rows come by page, selection lives in the kernel, marks here only run ahead of it.

const FIRST_KEY = 7, CHANGED = 5, BUSY = 6;
const ROW = 34, PAGE = 100, OVERSCAN = 6, MAX_HEIGHT = 12_000_000, CHECK_WIDTH = 40;
const CHIPS = new Set(["status", "shipping_status", "payment_status", "export_status", "case_status", "plan_status", "mandate_status", "review"]);

function createGrid(context) {
  const pages = new Map(), wanted = new Map();
  let table = context.get("table"), serial = table.serial, focus = 0, anchor = 0;
  let columns = [], cellPool = [];

  const sheet = h("div", { class: "ib-sheet", role: "none" });
  const body = h("div", { class: "ib-body", role: "rowgroup" });
  const spacer = h("div", { class: "ib-spacer", role: "none" }, body);
  const empty = h("div", { class: "ib-empty", hidden: true });
  const port = h("div", { class: "ib-port", role: "grid", tabindex: 0, "aria-label": "Invoices", "aria-multiselectable": "true" }, sheet);
  const checkAll = h("input", { type: "checkbox", tabindex: -1, "aria-label": "Select all that match", title: "Select all that match (Ctrl+A)", onclick: () => selectAll(checkAll.checked) });

  const heading = createHead(context, { checkAll, repaint: () => { paintHead(); paint(); }, focusRows: () => port.focus({ preventScroll: true }) }), head = heading.element;
  sheet.append(h("div", { class: "ib-headgroup", role: "rowgroup" }, head), spacer);

  const total = () => table.total;
  const rowsHeight = () => total() * ROW;
  const virtualHeight = () => Math.min(rowsHeight(), MAX_HEIGHT);
  const headHeight = () => head.offsetHeight;
  const space = () => Math.max(ROW, port.clientHeight - headHeight());
  const maxScroll = () => Math.max(1, virtualHeight() - space());
  const maxTop = () => Math.max(0, rowsHeight() - space());
  const scaled = () => rowsHeight() > MAX_HEIGHT;
  const topPixel = () => (scaled() ? Math.min(1, port.scrollTop / maxScroll()) * maxTop() : Math.min(port.scrollTop, maxTop()));
  const rowAt = (index) => pages.get(Math.floor(index / PAGE))?.rows[index % PAGE];

  function need(page) {
    if (page < 0 || page * PAGE >= total() || table.loading) return;
    const have = pages.get(page);
    if (have && have.serial === serial) return;
    if (wanted.get(page) === serial) return;
    wanted.set(page, serial);
    context.send({ kind: "page", start: page * PAGE, v: table.v });
  }

  function paintHead() {
    columns = table.keys.map((key) => context.column(key)).filter(Boolean);
    const tracks = columns.map((column) => (table.widths[column.key] ? `${table.widths[column.key]}px` : `minmax(${column.width}px, ${column.width}fr)`));
    sheet.style.setProperty("--ib-tracks", `${CHECK_WIDTH}px ${tracks.join(" ")}`);
    sheet.style.minWidth = `${columns.reduce((sum, column) => sum + (table.widths[column.key] ?? column.width), CHECK_WIDTH)}px`;
    port.setAttribute("aria-colcount", columns.length + 1);
    heading.paint(table, columns);
    body.replaceChildren();
    cellPool = [];
  }

  function makeRow() {
    const check = h("input", { type: "checkbox", tabindex: -1 });
    const row = h("div", { class: "ib-row", role: "row", id: freshId("ib-row") }, h("div", { class: "ib-cell ib-check", role: "gridcell", "aria-colindex": 1 }, check));
    columns.forEach((column, index) => row.append(h("div", { class: `ib-cell ib-${column.kind}${heading.pinClass(index)}`, style: heading.pinStyle(index), role: "gridcell", "aria-colindex": index + 2 })));
    body.append(row);
    return row;
  }

  function fillCell(cell, column, data, value) {
    const changed = column.key === "shipping_status" && !!data?.[CHANGED];
    const text = data ? shown(value, column, context.manyCurrencies() ? data[2] : "", data[2]) + (changed ? ", changed" : "") : "";
    const key = text || data?.[4] || "";
    if (cell.dataset.text === key && cell.dataset.loaded === String(!!data)) return;
    cell.dataset.text = key;
    cell.dataset.loaded = String(!!data);
    cell.classList.toggle("ib-negative", column.kind === "money" && value < 0);
    if (!data) cell.replaceChildren(h("span", { class: "ib-ghost" }));
    else if (text === "" && column.key === "number" && data[4]) cell.replaceChildren(h("span", { class: "ib-none", title: "No number yet: the reference" }, data[4]));
    else if (text === "") cell.replaceChildren(h("span", { class: "ib-none" }, "–"));
    else if (CHIPS.has(column.key)) cell.replaceChildren(h("span", { class: "ib-chip", "data-value": changed ? "changed" : value, title: changed ? "The document is newer than the one that was sent" : null }, text));
    else cell.textContent = text;
  }

  function fillRow(row, index) {
    const data = rowAt(index), selected = !!data?.[1];
    row.hidden = false;
    row.dataset.index = index;
    row.setAttribute("aria-rowindex", index + 2);
    row.setAttribute("aria-selected", String(selected));
    row.classList.toggle("ib-focus", index === focus);
    row.classList.toggle("ib-busy", !!data?.[BUSY]);
    row.title = data?.[BUSY] ? `Held by run ${data[BUSY]}` : data?.[3] ?? "";
    const check = row.firstChild.firstChild;
    check.checked = selected;
    check.setAttribute("aria-label", `Select ${data?.[FIRST_KEY] ?? data?.[4] ?? "row"}`);
    columns.forEach((column, at) => fillCell(row.children[at + 1], column, data, data?.[at + FIRST_KEY]));
    if (index === focus) port.setAttribute("aria-activedescendant", row.id);
  }

  function paint() {
    if (!port.clientHeight) return;
    heading.measure(sheet, port.clientWidth);
    spacer.style.height = `${virtualHeight()}px`;
    port.setAttribute("aria-rowcount", total() + 1);
    empty.hidden = total() > 0 || table.loading;
    const pixel = topPixel(), first = Math.max(0, Math.floor(pixel / ROW) - OVERSCAN);
    const last = Math.min(total(), Math.ceil((pixel + space()) / ROW) + OVERSCAN);
    body.style.transform = `translateY(${Math.round(port.scrollTop - (pixel - first * ROW))}px)`;
    for (let page = Math.floor(first / PAGE); page * PAGE < last; page++) need(page);
    while (cellPool.length < last - first) cellPool.push(makeRow());
    cellPool.forEach((row, at) => { if (at < last - first) fillRow(row, first + at); else row.hidden = true; });
    const top = Math.min(total(), Math.floor(pixel / ROW) + 1), bottom = Math.min(total(), Math.floor((pixel + space()) / ROW));
    context.footer(top, Math.max(top, bottom));
  }

  function scrollTo(index) {
    const pixel = topPixel();
    let target = pixel;
    if (index * ROW < pixel) target = index * ROW;
    else if ((index + 1) * ROW > pixel + space()) target = (index + 1) * ROW - space();
    if (target !== pixel) port.scrollTop = scaled() ? Math.round((target / maxTop()) * maxScroll()) : target;
  }

  const mark = (index, on) => { const data = rowAt(index); if (data) data[1] = on ? 1 : 0; };
  const markAll = (on) => { for (const page of pages.values()) for (const data of page.rows) data[1] = on ? 1 : 0; };

  function selectAll(on) {
    markAll(on);
    context.send({ kind: "select", op: on ? "all" : "none", by: context.id });
    paint();
  }

  function pick(index, { shift = false, add = false } = {}) {
    const data = rowAt(index);
    focus = index;
    if (shift) {
      if (!add) markAll(false);
      for (let at = Math.min(anchor, index); at <= Math.max(anchor, index); at++) mark(at, true);
      context.send({ kind: "select", op: "range", a: anchor, b: index, add, by: context.id });
    } else if (data && add) {
      mark(index, !data[1]);
      anchor = index;
      context.send({ kind: "select", op: "toggle", ids: [data[0]], by: context.id });
    } else if (data) {
      markAll(false);
      mark(index, true);
      anchor = index;
      context.send({ kind: "select", op: "set", ids: [data[0]], by: context.id });
    }
    paint();
  }

  function walk(by) {
    focus = Math.max(0, Math.min(total() - 1, focus + by));
    scrollTo(focus);
    paint();
    return focus;
  }

  body.addEventListener("dblclick", (event) => {
    const row = event.target.closest(".ib-row");
    if (row && !event.target.closest(".ib-check")) context.openDetail(+row.dataset.index);
  });
  // What else can be done with a row; its details and its customer.
  function openMenu(index, anchor) {
    const data = rowAt(index);
    if (!data || !anchor) return;
    focus = index;
    paint();
    const item = (label, work, keys) => h("button", { role: "menuitem", class: "ib-action", onclick: () => { popover.close(); work(); } }, h("span", {}, label), keys && h("span", { class: "ib-part" }, keys));
    const popover = openPopover(context, anchor, h("div", { class: "ib-menu" }, item("Details", () => context.openDetail(index), "Enter"), item("All of this customer", () => context.send({ kind: "customer", id: data[0] }))), { role: "menu", label: "This invoice", back: port });
  }

  body.addEventListener("contextmenu", (event) => {
    const row = event.target.closest(".ib-row");
    if (!row) return;
    event.preventDefault();
    event.stopPropagation();
    openMenu(+row.dataset.index, event.target.closest(".ib-cell"));
  });
  body.addEventListener("mousedown", (event) => event.shiftKey && event.preventDefault());
  body.addEventListener("click", (event) => {
    const row = event.target.closest(".ib-row");
    if (!row || table.loading && !rowAt(+row.dataset.index)) return;
    const onCheck = !!event.target.closest(".ib-check");
    pick(+row.dataset.index, { shift: event.shiftKey, add: onCheck || event.ctrlKey || event.metaKey });
    port.focus({ preventScroll: true });
  });

  const steps = () => {
    const full = Math.max(1, Math.floor(space() / ROW) - 1);
    return { ArrowDown: focus + 1, ArrowUp: focus - 1, PageDown: focus + full, PageUp: focus - full, Home: 0, End: total() - 1 };
  };

  port.addEventListener("keydown", (event) => {
    const command = event.ctrlKey || event.metaKey;
    const target = steps()[event.key];
    if (event.key === "ArrowUp" && !event.shiftKey && (command || focus === 0)) heading.focus();
    else if (event.key === "ContextMenu" || (event.key === "F10" && event.shiftKey)) openMenu(focus, body.querySelector(".ib-focus:not([hidden])")?.children[1]);
    else if (target !== undefined && total()) {
      focus = Math.max(0, Math.min(total() - 1, target));
      scrollTo(focus);
      if (event.shiftKey) pick(focus, { shift: true });
      else if (!command) paint();
    } else if (event.key === " " && event.shiftKey) pick(focus, { shift: true });
    else if (event.key === " ") pick(focus, { add: true });
    else if (event.key === "Enter") total() && context.openDetail(focus);
    else if (event.key.toLowerCase() === "a" && command) { checkAll.checked = true; selectAll(true); }
    else if (event.key.toLowerCase() === "c" && command && !String(getSelection())) context.send({ kind: "copy" });
    else if (event.key === "Escape") selectAll(false);
    else if (event.key === "/") context.focusSearch();
    else if (event.key === "ArrowRight" || event.key === "ArrowLeft") port.scrollLeft += event.key === "ArrowRight" ? 80 : -80;
    else return;
    event.preventDefault();
    event.stopPropagation();
  });

  let frame = 0;
  const schedule = () => { if (!frame) frame = requestAnimationFrame(() => { frame = 0; paint(); }); };
  port.addEventListener("scroll", schedule);
  port.addEventListener("wheel", (event) => {
    if (!scaled() || event.ctrlKey || event.deltaX) return;
    const lines = event.deltaMode ? event.deltaY * ROW : event.deltaY;
    const next = port.scrollTop + (lines * maxScroll()) / maxTop();
    if (next > 0 && next < maxScroll()) { event.preventDefault(); port.scrollTop = next; }
  }, { passive: false });

  function setTable(next) {
    const sameRows = next.keep || table.loading;
    table = next;
    serial = next.serial;
    pages.clear();
    wanted.clear();
    pages.set(0, { rows: next.rows, serial: next.serial });
    paintHead();
    if (!sameRows) { port.scrollTop = 0; focus = 0; anchor = 0; }
    focus = Math.max(0, Math.min(focus, total() - 1));
    context.sizeGrid(total());
    paint();
  }

  function setPage(message) {
    if (message.v !== table.v) return;
    const page = message.start / PAGE;
    wanted.delete(page);
    if (message.serial !== serial) return need(page);
    pages.set(page, { rows: message.rows, serial: message.serial });
    if (pages.size > 60) pages.delete(pages.keys().next().value);
    schedule();
  }

  function setBar(bar) {
    if (bar.by === context.id) for (const page of pages.values()) page.serial = bar.serial;
    serial = bar.serial;
    wanted.clear();
    const everything = total() > 0 && bar.shown >= total();
    checkAll.checked = everything;
    checkAll.indeterminate = !everything && bar.shown > 0;
    schedule();
  }

  return { port, empty, setTable, setPage, setBar, schedule, walk, repaint: () => { paintHead(); paint(); }, selectAll, stop: () => cancelAnimationFrame(frame) };
}
