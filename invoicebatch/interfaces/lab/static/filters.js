// The search box, the filter of one column, and the chips that say which filters are on.

function createFilters(context) {
  const search = h("input", { type: "search", class: "ib-search", placeholder: "Search number, customer, e-mail", "aria-label": "Search invoices", title: "Search ( / )", autocomplete: "off", spellcheck: "false" });
  const chips = h("div", { class: "ib-chips", role: "list", "aria-label": "Filters" });
  const box = h("label", { class: "ib-searchbox" }, icon("search"), search);
  let facets = null;

  const later = debounce(() => context.arrange({ search: search.value }), 160);
  search.addEventListener("input", later);
  search.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.key === "Escape" && search.value) { search.value = ""; context.arrange({ search: "" }); event.preventDefault(); }
    else if (event.key === "Escape" || event.key === "ArrowDown" || event.key === "Enter") { event.preventDefault(); context.focusGrid(); }
  });

  function setFilter(key, filter) {
    const filters = { ...context.get("table").filters };
    if (filter) filters[key] = filter;
    else delete filters[key];
    context.arrange({ filters });
  }

  function open(column, anchor) {
    const body = h("div", { class: "ib-filterbody" }, quiet("Counting…"));
    const current = context.get("table").filters[column.key];
    const direction = (descending) => context.arrange({ sort: [[column.key, descending]] });
    const content = h("div", { class: "ib-filter" },
      h("div", { class: "ib-filterhead" }, h("strong", {}, column.label),
        push(),
        button("Ascending", () => direction(false), { look: "small plain", symbol: "up" }),
        button("Descending", () => direction(true), { look: "small plain", symbol: "down" })),
      body,
      h("div", { class: "ib-filterfoot" }, pinButton(column, () => popover.close()),
        button("Clear", () => { setFilter(column.key, null); popover.close(); }, { look: "small plain", disabled: !current }),
        push(), button("Done", () => popover.close(), { look: "small" })));
    const popover = openPopover(context, anchor, content, { label: `Filter ${column.label}` });
    facets = { key: column.key, fill: (found) => { fillFilter(body, column, current, found); popover.place(); body.querySelector("input")?.focus(); } };
    context.send({ kind: "facets", key: column.key });
  }

  // Columns are pinned from the left on, up to this one, as a spreadsheet freezes them.
  function pinButton(column, done) {
    const { keys, pinned } = context.get("table"), at = keys.indexOf(column.key) + 1;
    const pin = (many) => { done(); context.send({ kind: "keys", keys, pinned: many }); };
    return at === pinned ? button("Unpin", () => pin(at === 1 ? 0 : 1), { look: "small plain" }) : button("Pin up to here", () => pin(at), { look: "small plain" });
  }

  function fillFilter(body, column, current, found) {
    const apply = debounce((filter) => setFilter(column.key, filter), 160);
    if (column.kind === "text") body.replaceChildren(textFilter(column, current, found, apply));
    else if (found.values) body.replaceChildren(listFilter(column, current, found.values, apply));
    else body.replaceChildren(rangeFilter(column, current, found, apply));
  }

  function textFilter(column, current, found, apply) {
    const input = h("input", { type: "text", class: "ib-input", placeholder: "contains…", value: current?.contains ?? "", "aria-label": `${column.label} contains`, oninput: () => apply(input.value.trim() ? { contains: input.value.trim() } : null) });
    return h("div", {}, input, listFilter(column, current, found.values, (filter) => { input.value = ""; apply(filter); }));
  }

  function listFilter(column, current, values, apply) {
    const chosen = new Set(current?.in ?? []);
    const list = h("div", { class: "ib-options", role: "group", "aria-label": column.label });
    const seen = new Set(values.map(([value]) => value));
    for (const value of chosen) if (!seen.has(value)) values = [...values, [value, 0]];
    for (const [value, rows] of values) {
      const check = h("input", { type: "checkbox", checked: chosen.has(value), onchange: () => {
        if (check.checked) chosen.add(value); else chosen.delete(value);
        apply(chosen.size ? { in: [...chosen] } : null);
      } });
      const text = value == null ? "(empty)" : shown(value, column, "");
      list.append(h("label", { class: "ib-option" }, check, h("span", { class: "ib-optiontext" }, text), h("span", { class: "ib-quiet" }, count(rows))));
    }
    return list;
  }

  function rangeFilter(column, current, found, apply) {
    const dates = column.kind === "date" || column.kind === "timestamp";
    const read = (input) => (input.value === "" ? null : dates ? input.value : column.kind === "money" ? centsOf(input.value) : Number(input.value));
    const write = (value) => (value == null ? "" : dates ? String(value).slice(0, 10) : column.kind === "money" ? decimal(value) : String(value));
    const change = () => {
      const from = read(low), to = read(high);
      apply(from == null && to == null ? null : { from, to });
    };
    const make = (name, value, hint) => h("input", { type: dates ? "date" : "text", inputmode: dates ? null : "decimal", class: "ib-input", value: write(value), placeholder: write(hint), "aria-label": `${column.label} ${name}`, oninput: change });
    const low = make("from", current?.from, found.from), high = make("to", current?.to, found.to);
    const presets = dates ? h("div", { class: "ib-presets" }, ...datePresets().map(([label, from, to]) => button(label, () => { low.value = from; high.value = to; change(); }, { look: "small plain" }))) : null;
    return h("div", {}, h("div", { class: "ib-range" }, h("label", {}, "From", low), h("label", {}, "To", high)), presets);
  }

  function datePresets() {
    const now = new Date(), iso = (date) => date.toISOString().slice(0, 10);
    const month = (offset) => [iso(new Date(Date.UTC(now.getFullYear(), now.getMonth() + offset, 1))), iso(new Date(Date.UTC(now.getFullYear(), now.getMonth() + offset + 1, 0)))];
    const today = iso(new Date(Date.UTC(now.getFullYear(), now.getMonth(), now.getDate())));
    return [["Today", today, today], ["This month", ...month(0)], ["Last month", ...month(-1)], ["This year", `${now.getFullYear()}-01-01`, `${now.getFullYear()}-12-31`], ["Until today", "", today]];
  }

  function describe(column, filter) {
    if (filter.contains) return `contains “${filter.contains}”`;
    if (filter.in) return filter.in.map((value) => (value == null ? "(empty)" : shown(value, column, ""))).join(", ");
    const from = filter.from == null || filter.from === "" ? null : shown(filter.from, column, ""), to = filter.to == null || filter.to === "" ? null : shown(filter.to, column, "");
    return from && to ? (from === to ? from : `${from} – ${to}`) : from ? `from ${from}` : `to ${to}`;
  }

  const chip = (label, text, remove) => h("span", { class: "ib-filterchip", role: "listitem" }, label && h("b", {}, `${label}: `), h("span", {}, text),
    h("button", { "aria-label": `Remove filter ${label} ${text}`, onclick: remove }, icon("close")));

  function paint() {
    const table = context.get("table");
    if (document.activeElement !== search) search.value = table.search;
    const made = Object.entries(table.filters).map(([key, filter]) => {
      const column = context.column(key);
      return chip(column.label, describe(column, filter), () => setFilter(key, null));
    });
    if (table.only) made.unshift(chip("Only", table.only, () => context.arrange({ only: false })));
    if (table.others) made.push(button(`${count(table.others)} more contain it`, () => context.arrange({ search: `*${table.search}*` }), { look: "small plain" }));
    chips.hidden = !made.length;
    chips.replaceChildren(...made, made.length > 1 ? button("Clear all", () => context.arrange({ filters: {}, search: "", only: false }), { look: "small plain" }) : "");
  }

  return { box, chips, open, paint, focus: () => search.focus(), setFacets: (found) => facets?.key === found.key && facets.fill(found) };
}
