// Building blocks: elements, icons, announcements. No state.

// JupyterLab's shortcuts match the focused element itself, so each one that takes focus says no to them:
// else `x` on a button would cut the notebook's cell.
const FOCUSABLE = new Set(["button", "input", "select", "textarea", "summary", "dialog"]);

function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  if (tag === "button") element.type = "button";
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  if (FOCUSABLE.has(tag) || "tabindex" in attributes) element.setAttribute("data-lm-suppress-shortcuts", "true");
  element.append(...children.flat().filter((child) => child != null && child !== false));
  return element;
}

const ICONS = {
  search: "M11 4a7 7 0 1 1 0 14a7 7 0 0 1 0-14M16 16l5 5",
  filter: "M4 5h16l-6 8v5l-4 2v-7z",
  close: "M6 6l12 12M18 6L6 18",
  down: "M6 9l6 6l6-6",
  up: "M6 15l6-6l6 6",
  check: "M5 12l5 5L19 7",
  columns: "M4 5h16v14H4zM10 5v14M15 5v14",
  star: "M12 4l2.4 5l5.6.8l-4 3.9l1 5.5L12 16.600l-5 2.600l1-5.500l-4-3.900l5.600-.800z",
  file: "M7 3h7l4 4v14H7zM14 3v4h4",
  code: "M8 7l-5 5l5 5M16 7l5 5l-5 5",
  alert: "M12 4l9 16H3zM12 10v4M12 17v.5",
  info: "M12 4a8 8 0 1 1 0 16a8 8 0 0 1 0-16M12 11v5M12 8v.5",
  arrow: "M4 12h15M13 6l6 6l-6 6",
  trash: "M5 7h14M9 7V4h6v3M7 7l1 13h8l1-13",
};

function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "ib-icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

function button(label, onclick, options = {}) {
  const { look = "", symbol, ...attributes } = options;
  return h("button", { class: `ib-button ${look}`, onclick, ...attributes }, symbol && icon(symbol), label);
}

// Words of less weight; room that pushes the rest aside; a button that is its picture alone.
const quiet = (...content) => h("p", { class: "ib-quiet" }, ...content);
const push = () => h("span", { class: "ib-push" });
const tiny = (label, symbol, onclick, title = label) => h("button", { class: "ib-tiny", "aria-label": label, title, onclick }, icon(symbol));

// A dialog over the rest, which is gone once it is closed; its keys are its own.
function openDialog(host, dialog, closed) {
  dialog.addEventListener("keydown", (event) => event.stopPropagation());
  dialog.addEventListener("close", () => { dialog.remove(); closed?.(); });
  host.append(dialog);
  dialog.showModal();
}

function debounce(work, milliseconds) {
  let timer;
  return (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => work(...values), milliseconds);
  };
}

// The button that stands now for one that was painted anew: by the same action, group or question.
const MARKS = ["data-action", "data-group", "data-why", "data-none", "data-more"];

function standIn(root, held) {
  if (!held || held.isConnected) return held;
  const marks = MARKS.filter((name) => held.hasAttribute(name)).map((name) => `[${name}="${held.getAttribute(name)}"]`);
  return marks.length ? root.querySelector(marks.join("")) : null;
}

// Whether the browser let it be written.
const toClipboard = async (text) => !!(await navigator.clipboard?.writeText(text).then(() => true, () => false));

let lastId = 0;
const freshId = (prefix) => `${prefix}-${++lastId}`;
