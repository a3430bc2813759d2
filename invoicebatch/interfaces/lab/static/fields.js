// Form fields from a parameter's description, with the browser's own validation.

// Values to tick: of a list, in the order in which they are ticked, or lines of what is selected.
function createTicks(field, changed) {
  const id = freshId("ib-field"), lines = field.kind === "rows", chosen = [...(field.default ?? [])];
  const columns = lines ? field.table.columns : [], named = new Map(field.options);
  const inOrder = h("p", { class: "ib-help" });
  const tell = () => { inOrder.textContent = !lines && chosen.length ? `In this order: ${chosen.map((value) => named.get(value) ?? value).join(", ")}` : ""; };
  const tick = (value, label) => h("input", { type: "checkbox", checked: chosen.includes(value), "aria-label": label, onchange: (event) => {
    if (event.target.checked) chosen.push(value); else chosen.splice(chosen.indexOf(value), 1);
    problem.textContent = "";
    tell();
    changed();
  } });
  const numeric = (column) => ["money", "integer", "number"].includes(column.kind), currency = columns.findIndex((column) => column.key === "currency");
  const shownColumns = columns.filter((column) => column.key !== "currency");
  const body = lines ? h("div", { class: "ib-tablebox", tabindex: 0, role: "region", "aria-label": field.label }, h("table", {},
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, h("span", { class: "ib-live" }, "Chosen")), ...shownColumns.map((column) => h("th", { scope: "col", class: numeric(column) ? "num" : null }, column.label)))),
    h("tbody", {}, ...field.table.rows.map((row) => h("tr", {}, h("td", {}, tick(row[0], `${columns[0].label} ${row[0]}: ${row[1]}`)), ...shownColumns.map((column) => h("td", { class: numeric(column) ? "num" : null }, shown(row[columns.indexOf(column)], column, column.kind === "money" && currency >= 0 ? row[currency] : "")))))))) :
    h("div", { class: "ib-ticklist", tabindex: 0, role: "region", "aria-label": field.label }, ...field.options.map(([value, label]) => h("label", { class: "ib-option" }, tick(value, null), h("span", { class: "ib-optiontext" }, label))));
  const find = !lines && field.options.length > 12 && h("input", { type: "search", class: "ib-input", placeholder: "Find…", "aria-label": `Find in ${field.label}`, oninput: () => {
    const text = find.value.trim().toLowerCase();
    for (const option of body.children) option.hidden = !option.textContent.toLowerCase().includes(text);
  } });
  const problem = h("div", { class: "ib-problem", role: "alert" }), help = field.help && h("div", { class: "ib-help", id: `${id}-help` }, field.help);
  const element = h("fieldset", { class: "ib-field ib-ticks", "data-name": field.name, "aria-describedby": field.help ? `${id}-help` : null }, h("legend", {}, field.label, !field.required && h("span", { class: "ib-quiet" }, " (optional)")), find, body, inOrder, help, problem);
  tell();
  return { name: field.name, element, input: find || element.querySelector("input"), read: () => [...chosen], refuse: (text) => { problem.textContent = text ?? ""; } };
}

function createField(field, changed) {
  if (field.kind === "choices" || field.kind === "rows") return createTicks(field, changed);
  const id = freshId("ib-field");
  const common = { id, name: field.name, required: field.required, "aria-describedby": field.help ? `${id}-help` : null, class: "ib-input" };
  const initial = field.default ?? "";
  let input, read;
  if (field.kind === "boolean") {
    input = h("input", { ...common, class: "", type: "checkbox", checked: !!field.default, required: false });
    read = () => input.checked;
  } else if (field.kind === "choice") {
    const options = field.options.map(([value, label]) => h("option", { value, selected: String(initial) === value }, label));
    if (!field.required && !options.some((option) => option.selected)) options.unshift(h("option", { value: "" }, "–"));
    input = h("select", common, options);
    read = () => input.value;
  } else if (field.kind === "list") {
    input = h("textarea", { ...common, rows: 3 }, Array.isArray(initial) ? initial.join("\n") : initial);
    read = () => input.value.split(/\n/).map((line) => line.trim()).filter(Boolean);
  } else {
    const numeric = field.kind === "integer" || field.kind === "decimal";
    input = h("input", { ...common, type: field.kind === "date" ? "date" : numeric ? "number" : "text", value: initial, min: field.min, max: field.max, step: field.kind === "decimal" ? "0.01" : field.kind === "integer" ? 1 : null, pattern: field.pattern, minlength: field.minLength, maxlength: field.maxLength, autocomplete: "off" });
    read = () => (input.value === "" ? null : field.kind === "integer" ? Number(input.value) : input.value);
  }
  const problem = h("div", { class: "ib-problem", role: "alert", id: `${id}-problem` });
  const help = field.help && h("div", { class: "ib-help", id: `${id}-help` }, field.help);
  const caption = h("label", { for: id }, field.label, !field.required && field.kind !== "boolean" && field.default == null && h("span", { class: "ib-quiet" }, field.or ? ` (or ${field.or})` : " (optional)"));
  const element = field.kind === "boolean" ? h("div", { class: "ib-field check" }, input, h("div", {}, caption, help, problem)) : h("div", { class: "ib-field" }, caption, input, help, problem);
  input.addEventListener("input", () => { input.setCustomValidity(""); problem.textContent = ""; changed(); });
  const refuse = (text) => {
    problem.textContent = text ?? "";
    input.setCustomValidity(text ?? "");
    input.setAttribute("aria-invalid", String(!!text));
  };
  return { name: field.name, element, input, read, refuse, valid: () => input.checkValidity() };
}
