// Which columns are shown, and named views: filters, sort and columns kept for next time.

function createViews(context) {
  const columnsButton = button("Columns", () => openColumns(), { look: "plain", symbol: "columns", "aria-haspopup": "dialog", "aria-expanded": "false" });
  const viewsButton = button("Views", () => openViews(), { look: "plain", symbol: "star", "aria-haspopup": "dialog", "aria-expanded": "false" });

  function openColumns() {
    const keys = context.get("table").keys;
    const list = h("div", { class: "ib-options" });
    const ordered = [...keys.map((key) => context.column(key)), ...context.get("columns").filter((column) => !keys.includes(column.key))];
    const apply = () => {
      const chosen = [...list.children].filter((row) => row.querySelector("input").checked).map((row) => row.dataset.key);
      if (chosen.length) context.send({ kind: "keys", keys: chosen });
    };
    const move = (row, step) => {
      if (step < 0 && row.previousSibling) row.previousSibling.before(row);
      else if (step > 0 && row.nextSibling) row.nextSibling.after(row);
      apply();
    };
    for (const column of ordered) {
      const row = h("div", { class: "ib-option", "data-key": column.key },
        h("label", { class: "ib-optiontext" }, h("input", { type: "checkbox", checked: keys.includes(column.key), onchange: apply }), ` ${column.label}`),
        tiny(`Move ${column.label} left`, "up", () => move(row, -1), "Move left"),
        tiny(`Move ${column.label} right`, "down", () => move(row, 1), "Move right"));
      list.append(row);
    }
    openPopover(context, columnsButton, h("div", { class: "ib-filter" }, h("div", { class: "ib-filterhead" }, h("strong", {}, "Columns")), list), { label: "Columns" });
  }

  function openViews() {
    const views = context.get("prefs").views ?? [];
    const name = h("input", { type: "text", class: "ib-input", placeholder: "Name of this view", "aria-label": "Name of this view", maxlength: 60 });
    const keep = () => {
      const title = name.value.trim();
      if (!title) return name.focus();
      const { filters, search, sort, keys, pinned, widths } = context.get("table");
      context.send({ kind: "views", views: [...views.filter((view) => view.name !== title), { name: title, filters, search, sort, keys, pinned, widths }] });
      popover.close();
    };
    name.addEventListener("keydown", (event) => event.key === "Enter" && keep());
    const use = (view) => {
      popover.close();
      context.send({ kind: "keys", keys: view.keys, pinned: view.pinned ?? 1, widths: view.widths ?? {} });
      context.arrange({ filters: view.filters, search: view.search, sort: view.sort, only: false });
    };
    const rows = views.map((view) => h("div", { class: "ib-option" },
      h("button", { class: "ib-optiontext ib-link", onclick: () => use(view) }, view.name),
      tiny(`Delete view ${view.name}`, "trash", () => { context.send({ kind: "views", views: views.filter((other) => other !== view) }); popover.close(); }, "Delete")));
    const shipped = (context.get("prefs").shipped ?? []).map((view) => h("div", { class: "ib-option" },
      h("button", { class: "ib-optiontext ib-link", onclick: () => use(view) }, view.name, h("span", { class: "ib-part" }, count(view.rows ?? 0)))));
    const content = h("div", { class: "ib-filter" }, h("div", {}, ...shipped),
      h("div", { class: "ib-filterhead" }, h("strong", {}, "Saved views")),
      rows.length ? h("div", { class: "ib-options" }, ...rows) : quiet("None yet. Set filters, sort and columns, then keep them under a name."),
      h("div", { class: "ib-keep" }, name, button("Save", keep, { look: "small" })));
    const popover = openPopover(context, viewsButton, content, { label: "Saved views" });
  }

  return { buttons: [viewsButton, columnsButton] };
}
