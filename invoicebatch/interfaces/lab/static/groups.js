// The rows shown in groups: sums, a bar by the largest with its selected part, ticks that select a group as one.

function createGroups(context) {
  const opener = button("Groups", () => toggle(), { look: "plain", symbol: "columns", "aria-expanded": "false" });
  const element = h("div", { class: "ib-groupbox", hidden: true, role: "region", "aria-label": "Rows in groups" });
  let by = "status";

  const ask = debounce(() => { if (!element.hidden) context.send({ kind: "groups", by }); }, 150);

  function toggle() {
    element.hidden = !element.hidden;
    opener.setAttribute("aria-expanded", String(!element.hidden));
    ask();
  }

  function set({ titles, groups, all, serial, by: now }) {
    const most = Math.max(1, ...groups.flatMap(([, , , sums]) => sums.map(([, total]) => Math.abs(total))));
    const select = h("select", { class: "ib-input", "aria-label": "Group by", onchange: () => { by = select.value; ask(); } }, ...titles.map(([value, label]) => h("option", { value, selected: value === now }, label)));
    const held = element.contains(element.getRootNode().activeElement) ? element.getRootNode().activeElement.dataset.group ?? "by" : null;
    const rows = groups.map(([label, size, selected, sums], at) => {
      const box = h("input", { type: "checkbox", checked: selected === size, "data-group": at, "aria-label": `Select ${label}`, onchange: () => context.send({ kind: "group_select", serial, at, on: box.checked }) });
      box.indeterminate = selected > 0 && selected < size;
      const share = Math.round((100 * Math.max(0, ...sums.map(([, total]) => Math.abs(total)))) / most);
      return h("tr", {}, h("td", {}, box), h("td", {}, h("button", { class: "ib-link", title: "Show these rows", onclick: () => context.send({ kind: "group_show", serial, at }) }, label)),
        h("td", { class: "num" }, selected ? `${count(selected)} of ${count(size)}` : count(size)), h("td", { class: "num" }, ...sums.map(([currency, total]) => h("div", {}, money(total, currency)))), h("td", { class: "num" }, ...sums.map(([currency, , left]) => h("div", {}, money(left, currency)))),
        h("td", { class: "ib-share" }, h("div", { style: `width:${share}%` }, h("div", { style: `width:${(100 * selected) / size}%` }))));
    });
    const heads = ["", "Group", "Rows", "Total", "Open", ""].map((label) => h("th", { scope: "col", class: ["Rows", "Total", "Open"].includes(label) ? "num" : null }, label || h("span", { class: "ib-live" }, "–")));
    element.replaceChildren(h("label", { class: "ib-groupby" }, "Group by", select),
      h("div", { class: "ib-tablebox", tabindex: 0, role: "region", "aria-label": "Groups" }, h("table", {}, h("thead", {}, h("tr", {}, ...heads)), h("tbody", {}, ...rows))),
      all > groups.length ? quiet(`${count(all - groups.length)} smaller groups`) : "");
    if (held !== null) (held === "by" ? select : element.querySelector(`[data-group="${held}"]`))?.focus();
  }

  return { opener, element, ask, set };
}
