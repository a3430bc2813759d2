// One small panel at a time, in the browser's top layer, so that a notebook's output never clips it.

function openPopover(context, anchor, content, options = {}) {
  const panel = h("div", { class: `ib-popover ${options.look ?? ""}`, popover: "auto",
    role: options.role ?? "dialog", "aria-label": options.label }, content);
  const place = () => {
    if (!anchor.isConnected) return; // the bar was counted anew beneath it: it stays where it is
    const at = anchor.getBoundingClientRect();
    panel.style.maxHeight = "none";
    const room = { below: innerHeight - at.bottom - 12, above: at.top - 12 };
    const below = room.below >= panel.offsetHeight || room.below >= room.above;
    panel.style.maxHeight = `${Math.max(160, below ? room.below : room.above)}px`;
    const top = below ? at.bottom + 4 : at.top - panel.offsetHeight - 4;
    panel.style.left = `${Math.max(8, Math.min(at.left, innerWidth - panel.offsetWidth - 8))}px`;
    panel.style.top = `${Math.max(8, Math.min(top, innerHeight - panel.offsetHeight - 8))}px`;
  };
  context.root.append(panel);
  const expands = anchor.hasAttribute("aria-expanded"), back = options.back ?? anchor;
  if (expands) anchor.setAttribute("aria-expanded", "true");
  const follow = () => panel.isConnected && place();
  panel.addEventListener("toggle", (event) => {
    if (event.newState === "open") return;
    if (expands) anchor.setAttribute("aria-expanded", "false");
    removeEventListener("scroll", follow, true);
    const inside = panel.contains(document.activeElement) || document.activeElement === document.body;
    panel.remove();
    if (inside && back.isConnected) back.focus({ preventScroll: true });
  });
  panel.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (options.role === "menu") menuKeys(panel, event);
  });
  panel.showPopover();
  addEventListener("scroll", follow, true);
  place();
  (panel.querySelector("[autofocus]") ?? panel.querySelector("button:not([disabled]),input,select"))?.focus({ preventScroll: true });
  return { panel, place, close: () => panel.isConnected && panel.matches(":popover-open") && panel.hidePopover() };
}

function menuKeys(panel, event) {
  const items = [...panel.querySelectorAll("button:not([disabled])")];
  const at = items.indexOf(document.activeElement);
  const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
  if (next === undefined) return;
  event.preventDefault();
  items[(next + items.length) % items.length]?.focus();
}
