// The payments beside the invoices: bundles that go out, and what customers paid.

const TABS = [["invoices", "Invoices"], ["outgoing", "Outgoing"], ["incoming", "Incoming"]];
const STATES = [["proposed", "To look at"], ["open", "Open"], ["booked", "Booked"], ["set_aside", "Set aside"]];

function createPayments(context, invoices) {
  const outgoing = h("div", { class: "ib-payments" }), incoming = h("div", { class: "ib-payments" });
  const panels = { invoices, outgoing, incoming };
  const tabs = TABS.map(([name, label]) => h("button", { role: "tab", class: "ib-tab", id: freshId("ib-tab"), "data-tab": name, onclick: () => choose(name) }, label));
  const strip = h("div", { class: "ib-tabs ib-places", role: "tablist", "aria-label": "Invoices and payments", onkeydown: (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = tabs[(tabs.indexOf(document.activeElement) + step + tabs.length) % tabs.length];
    next.click();
    next.focus();
  } }, ...tabs);
  let place = "invoices", bundle = "", jump = false, held = null, status = "proposed", ticked = new Map();

  for (const [index, [name]] of TABS.entries()) {
    Object.entries({ role: "tabpanel", "aria-labelledby": tabs[index].id }).forEach(([key, value]) => panels[name].setAttribute(key, value));
  }

  function choose(name) {
    place = name;
    tabs.forEach((tab) => { const mine = tab.dataset.tab === name; tab.setAttribute("aria-selected", String(mine)); tab.tabIndex = mine ? 0 : -1; });
    for (const [key, panel] of Object.entries(panels)) panel.hidden = key !== name;
    context.root.classList.toggle("ib-ofpayments", name !== "invoices");
    refresh();
  }

  function refresh() {
    if (place === "invoices") return;
    if (!panels[place].childElementCount) panels[place].append(h("p", { class: "ib-quiet ib-note" }, "Loading…"));
    context.send({ kind: place });
  }

  // Bundles that go out.

  function setOutgoing({ table, bundles }) {
    if (!bundles.includes(bundle)) { bundle = ""; held = null; }
    const box = smallTable({ ...table, label: "Payment bundles" });
    box.querySelectorAll("tbody tr").forEach((row, index) => {
      const id = bundles[index];
      const opener = h("button", { class: "ib-link", "data-bundle": id, onclick: () => pick(id) }, id.slice(0, 8));
      row.prepend(h("td", {}, opener));
      row.setAttribute("aria-current", String(id === bundle));
    });
    box.querySelector("thead tr").prepend(h("th", { scope: "col" }, "Bundle"));
    const none = h("p", { class: "ib-quiet ib-note" }, "No payment bundles yet: collections and refunds that go to the bank in one file. Select invoices and choose Bank file: it bundles them.");
    outgoing.replaceChildren(...(bundles.length ? [h("p", { class: "ib-quiet ib-note" }, "Payment bundles: collections and refunds that go to the bank in one file."), box] : [none]), h("div", { class: "ib-bundle" }));
    if (bundle) context.send({ kind: "bundle", bundle });
  }

  // From anywhere: the tab is asked anew, and shows the bundle it is told of.
  function openBundle(id) {
    bundle = id;
    jump = true;
    choose("outgoing");
  }

  function pick(id) {
    bundle = id;
    outgoing.querySelectorAll("tbody tr").forEach((row) => row.setAttribute("aria-current", String(!!row.querySelector(`[data-bundle="${id}"]`))));
    context.send({ kind: "bundle", bundle: id });
  }

  function setBundle(message) {
    if (message.bundle !== bundle) return;
    held = message;
    const about = (kind, more) => context.send({ kind, bundle, ...more });
    const offer = (one) => h("button", { class: "ib-action", "data-action": one.action, title: one.reason || one.help, disabled: !!one.reason, onclick: () => about("bundle_action", { action: one.action }) }, one.label.replace(/ payment bundle$/, ""));
    const why = message.offers.filter((one) => one.reason).map((one) => h("li", {}, h("strong", {}, one.label), `: ${one.reason}`));
    outgoing.querySelector(".ib-bundle").replaceChildren(
      h("div", { class: "ib-bar", role: "toolbar", "aria-label": "Actions for the payment bundle" }, h("div", { class: "ib-summary" }, h("strong", { tabindex: -1 }, `Bundle ${bundle.slice(0, 8)}`), h("span", { class: "ib-quiet" }, message.about)),
        h("div", { class: "ib-actions" }, ...message.offers.map(offer),
          h("button", { class: "ib-action quiet", onclick: () => { about("bundle_rows"); choose("invoices"); } }, "Show its invoices"),
          message.file && h("button", { class: "ib-action quiet", title: message.file, onclick: () => about("bundle_file") }, icon("file"), "Open the file"))),
      why.length ? h("details", { class: "ib-refused ib-note" }, h("summary", {}, "Why not the others"), h("ul", {}, ...why)) : "",
      h("div", { class: "ib-note" }, ...message.tables.map((table) => h("section", {}, h("h3", {}, table.label), smallTable(table, message.currency)))));
    if (jump) outgoing.querySelector(".ib-bundle strong").focus();
    jump = false;
  }

  // Payments that came in.

  function setIncoming({ counts, rows }) {
    ticked = new Map([...ticked].filter(([payment, mark]) => rows.some((row) => row.payment === payment && row.proposals.map(markOf).includes(mark))));
    if (!counts[status]) status = (STATES.find(([name]) => counts[name]) ?? STATES[0])[0];
    const states = STATES.map(([name, label]) => h("button", { class: "ib-action", "aria-pressed": String(name === status), "data-state": name, onclick: () => { status = name; setIncoming({ counts, rows }); } }, label, h("span", { class: "ib-part" }, count(counts[name] ?? 0))));
    const book = h("button", { class: "ib-button primary small", onclick: () => { context.send({ kind: "book", ticks: [...ticked].map(([payment, mark]) => [payment, ...JSON.parse(mark)]) }); ticked.clear(); } });
    const allow = () => { book.disabled = !ticked.size; book.textContent = ticked.size ? `Book ${plural(ticked.size, "payment", "payments")}` : "Book"; book.title = ticked.size ? "" : "Tick what payments pay"; };
    const shownRows = rows.filter((row) => row.status === status);
    const list = shownRows.map((row) => paymentRow(row, allow));
    const heads = ["Day", "Payer", "Says", "Amount", "Pays"].map((label) => h("th", { scope: "col", class: label === "Amount" ? "num" : null }, label));
    allow();
    incoming.replaceChildren(h("div", { class: "ib-bar", role: "toolbar", "aria-label": "Payments by state" }, h("div", { class: "ib-actions" }, ...states), book),
      list.length ? h("div", { class: "ib-tablebox", tabindex: 0, role: "region", "aria-label": "Payments that came in" },
        h("table", { class: "ib-received" }, h("thead", {}, h("tr", {}, ...heads, h("th", { scope: "col" }, h("span", { class: "ib-live" }, "What to do")))), h("tbody", {}, ...list))) : h("p", { class: "ib-quiet ib-note" }, "No payments here."),
      (counts[status] ?? 0) > list.length ? h("p", { class: "ib-quiet ib-note" }, `${count(counts[status] - list.length)} more`) : "");
  }

  // What a tick was made on: another proposal, or the same one of other documents or amounts, does not have it.
  const markOf = (proposal) => JSON.stringify([proposal.proposal, proposal.documents]);
  const documents = (pairs, currency) => pairs.map(([number, amount]) => `${number ?? "?"} ${currency} ${AMOUNT.format(amount)}`).join(", ");

  function paymentRow(row, allow) {
    const tick = (proposal) => {
      const mark = markOf(proposal);
      const box = h("input", { type: "checkbox", checked: ticked.get(row.payment) === mark, onchange: () => {
        if (box.checked) ticked.set(row.payment, mark);
        else ticked.delete(row.payment);
        box.closest("td").querySelectorAll("input").forEach((other) => { if (other !== box) other.checked = false; });
        allow();
      } });
      return h("label", { class: "ib-proposal" }, box, h("span", {}, documents(proposal.documents, row.currency), h("span", { class: "ib-quiet" }, ` ${proposal.evidence}`)));
    };
    const pays = row.proposals.length ? row.proposals.map(tick) : row.booked.length ? documents(row.booked, row.currency) : row.aside || "";
    return h("tr", { "data-payment": row.payment }, h("td", {}, row.day), h("td", {}, row.payer, h("div", { class: "ib-quiet" }, row.iban)), h("td", {}, row.said),
      h("td", { class: "num" }, money(row.cents, row.currency), row.left !== row.cents && row.left ? h("div", { class: "ib-quiet" }, `left ${money(row.left, row.currency)}`) : ""), h("td", {}, pays), h("td", {}, verb(row)));
  }

  function verb(row) {
    const name = row.payer || row.payment.slice(0, 8);
    if (row.booked.length) return button("Take off", () => context.send({ kind: "unmatch", payment: row.payment }), { look: "small", "aria-label": `Take the payment of ${name} off its documents` });
    if (row.aside) return button("Waits again", () => context.send({ kind: "set_aside", payment: row.payment, reason: "" }), { look: "small", "aria-label": `Let the payment of ${name} wait again` });
    const opener = button("Set aside", () => askReason(opener, row), { look: "small", "aria-haspopup": "dialog", "aria-expanded": "false", "aria-label": `Set the payment of ${name} aside` });
    return opener;
  }

  function askReason(anchor, row) {
    const reason = h("input", { type: "text", class: "ib-input", placeholder: "Why it is none of ours", "aria-label": "Why it is none of ours", maxlength: 200 });
    const keep = () => {
      if (!reason.value.trim()) return reason.focus();
      context.send({ kind: "set_aside", payment: row.payment, reason: reason.value.trim() });
      popover.close();
    };
    reason.addEventListener("keydown", (event) => event.key === "Enter" && keep());
    const popover = openPopover(context, anchor, h("div", { class: "ib-filter" }, h("div", { class: "ib-keep" }, reason, button("Set aside", keep, { look: "small" }))), { label: "Set the payment aside" });
    reason.focus();
  }

  choose("invoices");
  return { strip, outgoing, incoming, refresh, openBundle, setOutgoing, setBundle, setIncoming };
}
