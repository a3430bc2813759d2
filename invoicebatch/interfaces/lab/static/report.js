// A run under way and what it did: progress with cancel, then failures first, files and totals.

function createReport(context) {
  const element = h("section", { class: "ib-report", hidden: true, "aria-label": "Run" });
  const elsewhere = h("section", { class: "ib-elsewhere", hidden: true, role: "status" });
  const waiting = h("section", { class: "ib-interrupted", hidden: true, role: "region", "aria-label": "Interrupted runs" });
  const incoming = new Map();
  let state = "idle";

  function paintProgress(run) {
    const share = run.of ? run.done / run.of : 0;
    if (state !== "running") {
      element.replaceChildren(h("div", { class: "ib-progress" },
        h("div", { class: "ib-progresstext" }), h("progress", { max: 1, "aria-label": `Progress of ${run.label}` }),
        button("Cancel", () => context.send({ kind: "cancel" }), { look: "small" })));
    }
    const stopping = run.state === "cancelling", phase = stopping ? "stopping" : run.label.toLowerCase().includes(run.phase.toLowerCase()) ? "" : run.phase;
    element.querySelector(".ib-progresstext").replaceChildren(h("strong", {}, run.label), `${phase ? ` ${phase}` : ""}${run.of ? ` · ${count(run.done)} of ${count(run.of)}` : ""}`);
    element.querySelector("progress").value = share;
    element.querySelector("button").disabled = stopping;
  }

  // A run that nobody works on still holds its rows: it stands here until it is finished or given up.
  function setWaiting(state) {
    const runs = state?.runs ?? [];
    waiting.hidden = !runs.length;
    waiting.replaceChildren(...runs.map((run) => h("div", { class: "ib-interruptedrun", "data-run": run.run }, icon("alert"),
      h("span", {}, h("strong", {}, `${run.label} interrupted`), `: ${run.left || !run.messages ? `${count(run.left)} of ${plural(run.rows)} not done` : `${plural(run.messages, "message", "messages")} not handed over`}. They are held by this run, begun ${MOMENT.format(new Date(`${run.since}Z`))}.`),
      button("Finish", () => context.send({ kind: "resume", run_id: run.run }), { look: "primary small", "aria-label": `Finish ${run.label}` }),
      button("Give up", () => context.send({ kind: "abandon", run_id: run.run }), { look: "small", "aria-label": `Give up ${run.label}` }))));
  }

  // What others changed: said, and shown only when asked for, so that no row moves under the hand.
  function setElsewhere(state) {
    elsewhere.hidden = !state?.changed;
    if (elsewhere.hidden) return elsewhere.replaceChildren();
    const runs = state.runs.slice(-3).map((run) => `${plural(run.rows, "row", "rows")} changed by a run of ${run.user}: ${run.label}`);
    const more = state.runs.length - runs.length;
    elsewhere.replaceChildren(icon("info"), h("span", {}, runs.length ? runs.join("; ") + (more ? `; and ${plural(more, "more run", "more runs")}` : "") : "Invoices were changed elsewhere", ". What you see is from before."),
      button("Refresh", () => context.send({ kind: "refresh" }), { look: "primary small", "data-refresh": "" }));
  }

  const groupList = (groups, look, which) => h("ul", { class: `ib-groups ${look}` }, ...groups.map((group) => h("li", {},
    h("strong", {}, count(group.rows)), " ", group.known ? h("button", { class: "ib-link", title: "Select these rows", onclick: () => context.send({ kind: "pick", which, reason: group.reason }) }, group.reason) : group.reason,
    h("div", { class: "ib-quiet" }, group.numbers.slice(0, 3).join(", ") + (group.rows > 3 ? ` and ${count(group.rows - 3)} more` : "")))));

  // A step opens its dialog for the rows done; one that is not of the bar shows its command too.
  function stepButton(step, which, at, look) {
    const go = button(`${step.label} (${count(step.rows)})`, () => context.send({ kind: "next", which, at }), { look, title: step.command, "data-next": step.action });
    const see = step.bundle && button("See the bundle", () => context.openBundle(step.bundle), { look: "small plain", "data-see": step.bundle });
    return step.onBar ? go : h("div", { class: "ib-step" }, go, see, command(step.command, step.label));
  }

  const command = (text, what) => [h("code", {}, text), button("Copy", () => copy(text), { look: "small plain", "aria-label": `Copy the command: ${what}` })];

  // What is missing of customers: a sheet to fill in, and the way back.
  function fixBox(missing) {
    const rest = h("div", { class: "ib-fix", hidden: true });
    return [h("h3", {}, "Missing data"), h("div", { class: "ib-buttons" }, button(`Fix the data of ${plural(missing, "customer", "customers")}`, () => context.send({ kind: "fix" }), { look: "primary small", "data-fix": "", title: "Writes a sheet of these customers with the missing fields marked" })), rest];
  }

  function fixing(message) {
    const box = element.querySelector(".ib-fix");
    if (!box) return;
    const input = h("input", { type: "file", accept: ".xlsx", hidden: true, "aria-label": "Filled sheet", onchange: () => takeIn(input) });
    box.hidden = false;
    box.replaceChildren(h("p", {}, "The sheet was downloaded. Fill in the marked cells and save it, then: "), h("div", { class: "ib-step" }, input, button("Take the sheet in…", () => input.click(), { look: "small", "data-take": "" }), h("span", {}, "or, in the folder where you saved it:"), command(message.command, "take the sheet in")), h("div", { class: "ib-taken", role: "status" }));
    box.querySelector("[data-take]").focus();
  }

  async function takeIn(input) {
    const [file] = input.files, reader = new FileReader();
    input.value = "";
    if (!file) return;
    reader.onload = () => context.send({ kind: "sheet", name: file.name, content: reader.result.split(",")[1] ?? "" });
    reader.readAsDataURL(file);
  }

  function taken(message) {
    const text = `${plural(message.changed, "customer", "customers")} changed${message.refused.length ? `, ${count(message.refused.length)} refused:` : ". Now retry."}`;
    element.querySelector(".ib-taken")?.replaceChildren(h("p", {}, text), h("ul", {}, ...message.refused.map((reason) => h("li", {}, reason))));
  }

  async function copy(text) {
    const copied = await toClipboard(text);
    context.toast(copied ? "Copied." : text);
  }

  const stepList = (title, which, steps, look) => [h("h3", {}, title), h("div", { class: "ib-buttons" }, ...steps.map((step, at) => stepButton(step, which, at, look)))];

  function paintReport(run) {
    const report = run.report;
    const bad = report.failed > 0, partly = report.refused > 0 || report.cancelled;
    const head = h("div", { class: "ib-reporthead" }, icon(bad ? "alert" : "check"),
      h("strong", {}, `${run.label}: ${plural(report.done)} done`),
      bad && h("span", { class: "ib-tag bad" }, `${count(report.failed)} failed`), report.refused > 0 && h("span", { class: "ib-tag" }, `${count(report.refused)} left out`), report.cancelled && h("span", { class: "ib-tag" }, "cancelled"),
      push(),
      report.code && codeButton(), tiny("Close the report", "close", () => { context.send({ kind: "dismiss" }); context.focusGrid(); }));
    const parts = [];
    if (bad) parts.push(h("h3", {}, "Failed"), h("div", { class: "ib-buttons" }, ...report.retry.map((step) => button(`${step.label} the ${count(step.rows)} failed`, () => context.send({ kind: "retry", action: step.action }), { look: "small", "data-retry": step.action })), button("Show them", () => context.send({ kind: "pick", which: "failed" }), { look: "small" })));
    if (report.missing) parts.push(...fixBox(report.missing));
    if (bad) parts.push(groupList(report.failures, "bad", "failed"));
    if (report.made) parts.push(h("h3", {}, "Made"), h("div", { class: "ib-buttons" }, plural(report.made, "new document", "new documents"), button("Show them", () => context.send({ kind: "pick", which: "made" }), { look: "small", "data-made": "" })));
    if (report.next.length) parts.push(...stepList("Next", "next", report.next, "primary small"));
    if (report.undo.length) parts.push(...stepList("To take it back", "undo", report.undo, "small"));
    if (report.refused) parts.push(h("h3", {}, "Left out"), groupList(report.refusals, "", "refused"), h("div", { class: "ib-buttons" }, button("Select the refused", () => context.send({ kind: "pick", which: "refused" }), { look: "small" })));
    if (report.unchanged.length) parts.push(h("h3", {}, "Unchanged"), groupList(report.unchanged, "", "unchanged"));
    if (report.unfinished || report.messagesLeft) parts.push(h("h3", {}, "Not done yet"), h("p", {}, report.unfinished ? `${plural(report.unfinished)} were not started. They stay reserved for this run until it is finished.` : `${plural(report.messagesLeft, "message is", "messages are")} not handed over yet.`), h("div", { class: "ib-buttons" }, button("Finish the rest", () => context.send({ kind: "resume" }), { look: "primary small" })));
    if (report.files.length) parts.push(h("h3", {}, report.fileCount > report.files.length ? `Files (${count(report.fileCount)})` : "Files"), h("ul", { class: "ib-files" }, ...report.files.map((file, index) => h("li", {}, h("button", { class: "ib-link", title: file.path, onclick: () => context.send({ kind: "file", index }) }, icon("file"), file.name), h("span", { class: "ib-quiet" }, file.size ? ` ${bytes(file.size)}` : "")))));
    if (report.totals.length) parts.push(h("dl", { class: "ib-totals" }, ...report.totals.map((total) => h("div", {}, h("dt", {}, total.label), h("dd", {}, total.money ? AMOUNT.format(total.value) : count(total.value))))));
    element.replaceChildren(h("div", { class: `ib-reportcard ${bad ? "bad" : partly ? "partly" : "good"}` }, head, parts.length ? h("div", { class: "ib-reportbody", tabindex: 0, role: "region", "aria-label": "Report" }, ...parts) : ""));
    context.announce(`${run.label}: ${plural(report.done)} done, ${count(report.failed)} failed, ${count(report.refused)} left out.`);
  }

  function codeButton() {
    const opener = button("Code", () => context.openCode(opener), { look: "plain small", symbol: "code", "aria-haspopup": "menu", "aria-expanded": "false" });
    return opener;
  }

  function paintError(run) {
    element.replaceChildren(h("div", { class: "ib-reportcard bad", role: "alert" }, h("div", { class: "ib-reporthead" }, icon("alert"), h("strong", {}, `${run.label} stopped`), push(),
      tiny("Close", "close", () => context.send({ kind: "dismiss" }))), h("div", { class: "ib-reportbody" }, h("p", {}, run.message), quiet(run.hint))));
  }

  function setRun(run) {
    element.hidden = !run.state || run.state === "idle";
    if (run.state === "running" || run.state === "cancelling") { paintProgress(run); state = "running"; return; }
    state = run.state;
    if (run.state === "done") paintReport(run);
    else if (run.state === "error") paintError(run);
    else element.replaceChildren();
  }

  function receive(message, buffers) {
    const parts = incoming.get(message.name) ?? [];
    parts[message.part] = buffers[0];
    incoming.set(message.name, parts);
    if (parts.filter(Boolean).length < message.parts) return;
    incoming.delete(message.name);
    const url = URL.createObjectURL(new Blob(parts, message.show ? { type: "application/pdf" } : {}));
    setTimeout(() => URL.revokeObjectURL(url), message.show ? 600_000 : 10_000);
    if (message.show && open(url)) return;
    const link = h("a", { href: url, download: message.name });
    document.body.append(link);
    link.click();
    link.remove();
  }

  return { element, waiting, elsewhere, setElsewhere, setRun, setWaiting, receive, fixing, taken };
}
