// The grid's head: order, filter, width, place and pin of each column, by mouse and by keyboard.

const DRAG = 6; // so many pixels make a press a drag

function createHead(context, { checkAll, repaint, focusRows }) {
  const element = h("div", { class: "ib-row ib-head", role: "row", "aria-rowindex": 1 });
  let table = context.get("table"), dragged = false;

  const keyOf = (target) => target?.closest?.("[data-key]")?.dataset.key;
  const active = () => { const at = element.getRootNode().activeElement; return element.contains(at) ? at : null; };
  const stops = () => [...element.querySelectorAll("input, button")];

  // A head that is painted anew must not take the keyboard away from who is walking through it.
  function paint(next, columns) {
    table = next;
    const held = active(), key = keyOf(held), part = held?.classList[0];
    element.replaceChildren(h("div", { class: "ib-cell ib-check", role: "columnheader", "aria-colindex": 1 }, checkAll), ...columns.map(cell));
    if (held) (key ? element.querySelector(`[data-key="${key}"] .${part}`) ?? stops()[0] : checkAll).focus({ preventScroll: true });
  }

  function cell(column, index) {
    const at = table.sort.findIndex(([key]) => key === column.key);
    const order = at < 0 ? "none" : table.sort[at][1] ? "descending" : "ascending";
    const filtered = column.key in table.filters;
    return h("div", { class: `ib-cell ib-${column.kind}${pinClass(index)}`, role: "columnheader", "aria-sort": order, "aria-colindex": index + 2, "data-key": column.key, style: pinStyle(index) },
      h("button", { class: "ib-sort", tabindex: -1, title: `${column.help}\nSort by ${column.label}; Shift adds to the sort; drag to move`, onpointerdown: (event) => drag(event, column.key), onclick: (event) => (dragged ? (dragged = false) : sortBy(column.key, event.shiftKey)) },
        h("span", { class: "ib-label" }, column.label), at >= 0 && icon(table.sort[at][1] ? "down" : "up")),
      h("button", { class: `ib-funnel${filtered ? " on" : ""}`, tabindex: -1, "aria-haspopup": "dialog", "aria-expanded": "false", "aria-label": `Filter ${column.label}`, title: `Filter ${column.label}`,
        onclick: (event) => context.openFilter(column, event.currentTarget) }, icon("filter")),
      h("span", { class: "ib-resize", onpointerdown: (event) => resize(event, column) }));
  }

  const pinClass = (index) => `${index === 0 ? " ib-first" : ""}${index < table.pinned ? " ib-pin" : ""}${index && index === table.pinned - 1 ? " ib-lastpin" : ""}`;
  const pinStyle = (index) => (index < table.pinned ? `left:var(--ib-left-${index})` : null);

  // Where each pinned column sticks; none does where they would fill the grid.
  function measure(sheet, room) {
    let left = CHECK_WIDTH;
    for (let index = 0; index < table.pinned && element.children[index + 1]; index++) {
      sheet.style.setProperty(`--ib-left-${index}`, `${left}px`);
      left += element.children[index + 1].offsetWidth;
    }
    sheet.classList.toggle("ib-nopins", left > room * 0.7);
  }

  function resize(event, column) {
    event.preventDefault();
    const start = event.clientX, from = event.target.parentElement.offsetWidth;
    follow((next) => { table.widths[column.key] = Math.max(56, Math.round(from + next.clientX - start)); repaint(); }, () => context.send({ kind: "keys", keys: table.keys, widths: table.widths }));
  }

  function follow(move, done) {
    const stop = (event) => { removeEventListener("pointermove", move); removeEventListener("pointerup", stop); removeEventListener("pointercancel", stop); done(event); };
    addEventListener("pointermove", move);
    addEventListener("pointerup", stop);
    addEventListener("pointercancel", stop);
  }

  // The place is before the first column whose middle lies right of the pointer.
  function drag(event, key) {
    const start = event.clientX, cells = () => [...element.children].slice(1);
    let place = -1;
    dragged = false;
    if (event.button !== 0) return;
    follow((next) => {
      if (!dragged && Math.abs(next.clientX - start) < DRAG) return;
      dragged = true;
      const others = cells(), at = others.findIndex((one) => { const box = one.getBoundingClientRect(); return next.clientX < box.left + box.width / 2; });
      place = at < 0 ? others.length : at;
      others.forEach((one, index) => { one.classList.toggle("ib-before", index === place); one.classList.toggle("ib-after", place === others.length && index === place - 1); });
    }, (last) => {
      cells().forEach((one) => one.classList.remove("ib-before", "ib-after"));
      const from = table.keys.indexOf(key);
      if (dragged && last.type === "pointerup" && place >= 0) moveTo(key, place > from ? place - 1 : place);
      setTimeout(() => { dragged = false; });
    });
  }

  function moveTo(key, place) {
    const keys = table.keys.filter((one) => one !== key), at = Math.max(0, Math.min(keys.length, place));
    keys.splice(at, 0, key);
    if (keys.join() === table.keys.join()) return;
    context.send({ kind: "keys", keys });
    context.announce(`${context.column(key).label} is column ${at + 1} of ${keys.length} now.`);
  }

  function sortBy(key, add) {
    const current = table.sort.find(([name]) => name === key);
    const others = add ? table.sort.filter(([name]) => name !== key) : [];
    const mine = !current ? [[key, false]] : !current[1] ? [[key, true]] : [];
    context.arrange({ sort: [...others, ...mine] });
  }

  element.addEventListener("keydown", (event) => {
    const key = keyOf(event.target), by = { ArrowRight: 1, ArrowLeft: -1 }[event.key], all = stops();
    event.stopPropagation();
    if (by && event.altKey && key) moveTo(key, table.keys.indexOf(key) + by);
    else if (by) all[(all.indexOf(event.target) + by + all.length) % all.length].focus();
    else if (event.key === "Home" || event.key === "End") all.at(event.key === "Home" ? 0 : -1).focus();
    else if (event.key === "ArrowDown" || event.key === "Escape") focusRows();
    else if (event.key === "Enter" && event.shiftKey && event.target.matches(".ib-sort")) sortBy(key, true);
    else return;
    event.preventDefault();
  });

  return { element, paint, measure, pinClass, pinStyle, focus: () => (stops().find((one) => one.matches(".ib-sort")) ?? checkAll).focus() };
}
