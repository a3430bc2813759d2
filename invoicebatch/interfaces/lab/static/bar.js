// The action bar: what is selected, what can be done with it, and why not.

function createBar(context) {
  const summary = h("div", { class: "ib-summary" });
  const actions = h("div", { class: "ib-actions" });
  const element = h("div", { class: "ib-bar", role: "toolbar", "aria-label": "Actions for the selected invoices" }, summary, actions);
  let bar = context.get("bar"), reasons = null, previous = "";

  const groupsOf = () => {
    const groups = new Map();
    for (const action of bar.actions) {
      if (!groups.has(action.group)) groups.set(action.group, { label: action.groupLabel, actions: [] });
      groups.get(action.group).actions.push(action);
    }
    return [...groups.values()];
  };

  const able = (action) => action.ok + action.more > 0;
  const more = (action) => (action.more ? `, ${count(action.more)} with ${action.waiver}` : "");
  const part = (action) => (action.ok === bar.n ? count(action.ok) : `${count(action.ok)} of ${count(bar.n)}${more(action)}`);
  const start = (action) => context.send({ kind: "dialog", action: action.name });
  const label = (action) => [h("span", {}, action.label), h("span", { class: "ib-part" }, part(action))];
  const look = (action) => `ib-action${action.danger ? " danger" : ""}`;

  function single(action) {
    const main = h("button", { class: look(action), "data-action": action.name, title: action.help, onclick: () => start(action) }, label(action));
    return action.ok < bar.n ? h("span", { class: "ib-split" }, main, whyButton(action)) : main;
  }

  function whyButton(action) {
    const rest = bar.n - action.ok;
    return h("button", { class: "ib-why", "aria-haspopup": "dialog", "aria-expanded": "false", "data-why": action.name, "aria-label": `${count(rest)} can't: why?`, title: `${count(rest)} can't: why?`,
      onclick: (event) => openWhy(action, event.currentTarget) }, icon("info"));
  }

  function group({ label: title, actions: members }) {
    const can = members.filter(able);
    if (!can.length) return null;
    if (!members[0].name.includes(".")) return single(members[0]);
    const opener = h("button", { class: "ib-action", "data-group": members[0].group, "aria-haspopup": "menu", "aria-expanded": "false", onclick: () => openMenu(opener, title, can) }, h("span", {}, title), icon("down"));
    return opener;
  }

  function openMenu(anchor, title, members) {
    const rows = members.map((action) => h("div", { class: "ib-item", role: "none" },
      h("button", { role: "menuitem", class: look(action), "data-action": action.name, title: action.help, onclick: () => { popover.close(); start(action); } }, label(action)),
      action.ok < bar.n && h("button", { role: "menuitem", class: "ib-why", "data-why": action.name, "aria-label": `${action.label}: ${count(bar.n - action.ok)} can't: why?`, onclick: () => { popover.close(); openWhy(action, anchor); } }, icon("info"))));
    const popover = openPopover(context, anchor, h("div", { class: "ib-menu" }, ...rows), { role: "menu", label: title });
  }

  function openNone(anchor, members) {
    const rows = members.map((action) => h("div", { class: "ib-item", role: "none" },
      h("button", { role: "menuitem", class: "ib-action", "data-why": action.name, onclick: () => { popover.close(); openWhy(action, anchor); } }, h("span", {}, members.length && fullLabel(action)), h("span", { class: "ib-part" }, "why not?"))));
    const popover = openPopover(context, anchor, h("div", { class: "ib-menu" }, ...rows), { role: "menu", label: "Not available" });
  }

  const fullLabel = (action) => (action.label.startsWith(action.groupLabel) ? action.label : `${action.groupLabel}: ${action.label}`);

  function openWhy(action, anchor) {
    const list = h("div", { class: "ib-reasons" }, quiet("Asking…"));
    const content = h("div", { class: "ib-filter" },
      h("div", { class: "ib-filterhead" }, h("strong", {}, `${fullLabel(action)}: ${count(bar.n - action.ok)} of ${count(bar.n)} can't`)), list);
    const popover = openPopover(context, anchor, content, { label: `Why not ${action.label}` });
    const show = (reason) => { popover.close(); context.send({ kind: "show", action: action.name, reason }); };
    reasons = { action: action.name, fill: (found) => {
      const rows = found.map(([reason, rows]) => h("button", { class: "ib-reason", title: "Show these rows", onclick: () => show(reason) }, h("span", { class: "ib-part" }, count(rows)), h("span", {}, reason), icon("arrow")));
      const all = found.length > 1 ? [button(`Show all ${count(bar.n - action.ok)}`, () => show(null), { look: "small" })] : [];
      list.replaceChildren(...rows, ...all);
      popover.place();
      list.querySelector("button")?.focus();
    } };
    if (action.blocked) list.replaceChildren(h("p", {}, action.blocked));
    else context.send({ kind: "why", action: action.name });
  }

  function paint() {
    const groups = groupsOf(), none = bar.actions.filter((action) => !action.ok);
    const waiting = context.get("table").loading;
    if (!bar.n) {
      summary.replaceChildren(h("span", { class: "ib-quiet" }, waiting ? "Loading all invoices…" : "Select invoices to see what you can do with them."));
      actions.replaceChildren();
    } else {
      const sums = bar.totals.map(([currency, , , cents]) => money(cents, currency)).join(" + "), hidden = bar.n - bar.shown;
      const unseen = hidden ? [h("span", { class: "ib-hidden" }, `, ${count(hidden)} not shown`), button("Keep only shown", () => context.send({ kind: "select", op: "shown", by: context.id }), { look: "small", "data-keep": "" })] : [];
      summary.replaceChildren(h("strong", {}, `${count(bar.n)} selected`), ...unseen, h("span", { class: "ib-sum" }, `· ${sums}`),
        tiny("Clear the selection", "close", () => context.clearSelection(), "Clear the selection (Esc)"));
      const made = groups.map(group).filter(Boolean);
      if (!made.length) made.push(h("span", { class: "ib-noaction" }, "No action applies to this selection."));
      if (none.length) {
        const opener = h("button", { class: "ib-action quiet", "aria-haspopup": "menu", "aria-expanded": "false", "data-none": "", onclick: () => openNone(opener, none) }, h("span", {}, "Why not?"), h("span", { class: "ib-part" }, count(none.length)));
        made.push(opener);
      }
      actions.replaceChildren(...made);
      fit();
    }
    tell();
  }

  // A bar that is counted anew must not take the keyboard away from who is walking through it.
  function keepFocus(change) {
    const held = element.contains(document.activeElement) ? document.activeElement : null;
    change();
    if (held) standIn(element, held)?.focus({ preventScroll: true });
  }

  function tell() {
    const text = bar.n ? `${plural(bar.n)} selected${bar.n > bar.shown ? `, ${count(bar.n - bar.shown)} of them not shown` : ""}. ${bar.actions.filter((action) => action.ok).length} actions available.` : "Nothing selected.";
    if (text !== previous && (previous || bar.n)) context.announce(text);
    previous = text;
  }

  function fit() {
    const more = actions.querySelector("[data-more]");
    if (more) { more.ibHidden.forEach((child) => more.before(child)); more.remove(); }
    if (actions.scrollWidth <= actions.clientWidth + 1) return;
    const children = [...actions.children], hidden = [];
    const opener = h("button", { class: "ib-action", "data-more": "", "aria-haspopup": "dialog", "aria-expanded": "false", onclick: () => openMore(opener) }, h("span", {}, "More"), icon("down"));
    opener.ibHidden = hidden;
    actions.append(opener);
    while (children.length > 1 && actions.scrollWidth > actions.clientWidth + 1) { const child = children.pop(); hidden.unshift(child); child.remove(); }
  }

  function openMore(anchor) {
    const kept = anchor.ibHidden;
    const panel = h("div", { class: "ib-menu ib-more" }, ...groupsOf().map(({ label: title, actions: members }) => {
      const can = members.filter((action) => able(action) && kept.some((child) => child.matches(`[data-action="${action.name}"],[data-group="${action.group}"]`) || child.querySelector(`[data-action="${action.name}"]`)));
      if (!can.length) return null;
      return h("div", { role: "group", "aria-label": title }, h("div", { class: "ib-menutitle" }, title), ...can.map((action) => h("div", { class: "ib-item" },
        h("button", { class: look(action), "data-action": action.name, onclick: () => { popover.close(); start(action); } }, label(action)), action.ok < bar.n && whyButton(action))));
    }), kept.some((child) => child.matches("[data-none]")) && button("Why not?", () => { popover.close(); openNone(anchor, bar.actions.filter((action) => !action.ok)); }, { look: "small plain" }));
    const popover = openPopover(context, anchor, panel, { label: "More actions" });
  }

  element.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowRight" && event.key !== "ArrowLeft") return;
    const items = [...element.querySelectorAll(".ib-actions button")], at = items.indexOf(document.activeElement);
    if (at >= 0) { items[(at + (event.key === "ArrowRight" ? 1 : -1) + items.length) % items.length].focus(); event.preventDefault(); event.stopPropagation(); }
  });

  return { element, paint, fit: () => bar.n && fit(), setBar: (next) => { bar = next; keepFocus(paint); }, setReasons: (found) => reasons?.action === found.action && reasons.fill(found.reasons) };
}
