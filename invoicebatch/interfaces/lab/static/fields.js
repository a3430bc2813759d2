// Form fields from a parameter's description, with the browser's own validation.

function createField(field, changed) {
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
  const caption = h("label", { for: id }, field.label, !field.required && field.kind !== "boolean" && field.default == null && h("span", { class: "ib-quiet" }, " (optional)"));
  const element = field.kind === "boolean" ? h("div", { class: "ib-field check" }, input, h("div", {}, caption, help, problem)) : h("div", { class: "ib-field" }, caption, input, help, problem);
  input.addEventListener("input", () => { input.setCustomValidity(""); problem.textContent = ""; changed(); });
  const refuse = (text) => {
    problem.textContent = text ?? "";
    input.setCustomValidity(text ?? "");
    input.setAttribute("aria-invalid", String(!!text));
  };
  return { name: field.name, element, input, read, refuse, valid: () => input.checkValidity() };
}
