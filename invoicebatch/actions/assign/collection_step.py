"""Advance collection cases: the step that is due is done: a mail, a letter or a note, and its cost."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import pandas as pd

from invoicebatch.formats.mail import COLUMNS, Letter, Letters, letter_values
from invoicebatch.model.action import Action, Context, Outgoing, Params, Preview
from invoicebatch.model.changes import Artefact, Batch, Changes, Prepared, where_said
from invoicebatch.model.contact.mailbox import recipients_faults
from invoicebatch.model.outbox.payload import EmailPayload
from invoicebatch.model.outbox.rows import outbox_rows
from invoicebatch.model.payments.candidates import first_reason
from invoicebatch.model.payments.collection import Flow, Step, load_flows
from invoicebatch.model.payments.settlement import ChangesBuilder
from invoicebatch.model.schema.payments import COLLECTION_CASES, COLLECTION_STEPS
from invoicebatch.model.status import CaseStatus

_ADDRESS: Final = ("customer_street", "customer_postcode", "customer_city", "customer_country")


def _due(batch: Batch, context: Context) -> pd.DataFrame:
    """The rows with their case, its step, cost and next date, and `reason` where the step can't be done."""
    flows = load_flows(context.root)
    cases = batch["collection_cases"].rename(columns={"version": "case_version", "status": "state"})
    cases = cases[["case_id", "flow", "step", "next_step_on", "state", "costs_cents", "case_version"]]
    rows = batch.invoices.merge(cases, left_on="collection_case_id", right_on="case_id", how="left")
    steps = [_step(flows, flow, step) for flow, step in zip(rows["flow"], rows["step"], strict=True)]
    rows["channel"] = pd.Series(
        [step.channel if step else "" for step in steps], index=rows.index, dtype="str"
    )
    rows["template"] = pd.Series(
        [step.template if step else "" for step in steps], index=rows.index, dtype="str"
    )
    rows["step_name"] = pd.Series(
        [step.name if step else "" for step in steps], index=rows.index, dtype="str"
    )
    open_cents = rows["outstanding_cents"].tolist()
    rows["cost_cents"] = [
        step.cost.cents(cents) if step else 0 for step, cents in zip(steps, open_cents, strict=True)
    ]
    rows["following_on"] = pd.to_datetime(pd.Series(list(_following(rows, flows, context)), index=rows.index))
    return rows.assign(reason=first_reason(rows.index, _checks(rows, context)))


def _step(flows: Mapping[str, Flow], flow: Any, step: Any) -> Step | None:
    known = flows.get(flow)
    return known.steps[int(step) - 1] if known and 1 <= int(step) <= len(known.steps) else None


def _following(rows: pd.DataFrame, flows: Mapping[str, Flow], context: Context) -> Iterator[Any]:
    for flow, step, due in zip(rows["flow"], rows["step"], rows["due_date"], strict=True):
        known = _step(flows, flow, step) and not pd.isna(due)
        yield flows[flow].next_date(due.date(), int(step), context.today) if known else None


def _checks(rows: pd.DataFrame, context: Context) -> Iterator[tuple[Any, Any]]:
    faults = recipients_faults(rows["customer_email"])
    lacking = (rows[list(_ADDRESS)].fillna("") == "").any(axis=1)
    yield (
        rows["channel"].eq(""),
        "collection flow " + rows["flow"].astype("str") + " has no such step any more",
    )
    yield rows["state"].astype("str").ne(CaseStatus.ACTIVE), "its collection case is not active"
    yield rows["next_step_on"].gt(pd.Timestamp(context.today)), "its next step is not due yet"
    yield rows["channel"].eq("email") & faults.ne(""), "customer: " + faults + "; correct it and run again"
    yield rows["channel"].eq("post") & lacking, "the customer's postal address is not complete"


def _letters(rows: pd.DataFrame, batch: Batch, context: Context) -> Iterator[tuple[str, Letter]]:
    """Language and letter of each row, in order."""
    sets = {name: Letters(name, [context.root / "templates" / "mail"]) for name in rows["template"].unique()}
    values = letter_values(
        rows[list(COLUMNS)], batch["company_accounts"], context.settings.documents.language
    )
    flows = load_flows(context.root)
    steps = [_step(flows, flow, step) for flow, step in zip(rows["flow"], rows["step"], strict=True)]
    open_cents, costs_cents = rows["outstanding_cents"], rows["costs_cents"] + rows["cost_cents"]
    extra = zip(rows["template"], steps, open_cents, costs_cents, strict=True)
    for (language, plain), (template, step, cents, costs) in zip(values, extra, strict=True):
        title = step.title(language) if step else ""
        reminder = {"step": title, "open_cents": cents, "costs_cents": costs}
        values_of_step = {**plain, "amount_cents": cents + costs, "reminder": reminder}
        yield language, sets[template].render(language, values_of_step)


def row_checks(batch: Batch, _: Params, context: Context) -> pd.DataFrame:
    """Rows whose step can't be done now."""
    rows = _due(batch, context)
    return where_said(rows["invoice_id"], rows["reason"])


def artefacts(batch: Batch, _: Params, context: Context) -> Iterator[Prepared]:
    """A letter to print for each step by post."""
    from invoicebatch.formats.mail.words import date_text
    from invoicebatch.formats.pdf.paper_letter import PaperLetter, letter_pdf

    rows = _due(batch, context)
    rows = rows[rows["channel"].eq("post")]
    accounts = batch["company_accounts"].set_index("company_account_id")
    jobs = [
        PaperLetter(
            address=(row["customer_name"], row["customer_street"], f"{row['customer_postcode']} {row['customer_city']}", row["customer_country"]),
            sender=(str(accounts.loc[row["company_account_id"], "name"]),),
            day=date_text(context.today, language),
            language=language,
            subject=letter.subject,
            text=letter.text,
        )
        for row, (language, letter) in zip(rows.to_dict("records"), _letters(rows, batch, context), strict=True)
    ]  # fmt: skip
    for number, step, invoice_id, pdf in zip(
        rows["number"], rows["step"], rows["invoice_id"], context.map(letter_pdf, jobs), strict=True
    ):
        yield Artefact(f"{number}_step{step}.pdf", pdf, invoice_id=int(invoice_id))


def transform(batch: Batch, _: Params, context: Context) -> Changes:
    """The steps done are noted with their cost; each case moves on, or closes after its last step."""
    good = _due(batch, context)
    last = good["following_on"].isna()
    case = good[["case_id"]].assign(
        version=good["case_version"],
        step=(good["step"] + 1).where(~last, good["step"]),
        next_step_on=good["following_on"],
        costs_cents=good["costs_cents"] + good["cost_cents"],
        status=pd.Series(CaseStatus.ACTIVE.value, index=good.index).mask(last, CaseStatus.CLOSED.value),
        closed_reason=pd.Series(None, index=good.index, dtype="str").mask(last, "the flow is completed"),
    )
    done = good[["case_id", "step", "channel", "cost_cents"]].assign(
        name=good["step_name"], done_on=pd.Timestamp(context.today), run_id=context.run_id
    )
    effects = ChangesBuilder()
    effects.update("collection_cases", COLLECTION_CASES.conform(case))
    if len(done):
        effects.inserts["collection_steps"] = COLLECTION_STEPS.conform(done)
    totals = {"steps": len(good), "costs_cents": int(good["cost_cents"].sum())}
    return effects.changes(totals=totals)


def effects(batch: Batch, _: Params, context: Context) -> pd.DataFrame:
    """One mail for each step by e-mail; the stored PDF goes with it."""
    from invoicebatch.formats.mail.payload import mails, senders

    rows = _due(batch, context)
    rows = rows[rows["channel"].eq(EmailPayload.channel)]
    sender_of = senders(batch["company_accounts"], context.settings.mail.sender)
    letters = _letters(rows, batch, context)
    return outbox_rows(context.run_id, mails(rows, letters, sender_of, {}, reminder=True))


def messages(batch: Batch, _: Params, context: Context) -> list[Outgoing]:
    """One mail for each step by e-mail."""
    rows = _due(batch, context)
    mailed = rows["channel"].eq(EmailPayload.channel)
    return [(EmailPayload.channel, (each,)) for each in rows.loc[mailed, "invoice_id"].tolist()]


def preview(batch: Batch, _: Params, context: Context) -> Preview:
    """Tables `steps` (what is done how often, with costs) and `letters`: the first of each step."""
    rows = _due(batch, context)
    steps = rows.groupby(
        ["flow", "step", "step_name", "channel"], as_index=False, observed=True, dropna=False
    ).agg(
        cases=("invoice_id", "size"),
        outstanding_cents=("outstanding_cents", "sum"),
        cost_cents=("cost_cents", "sum"),
    )
    written = rows[rows["channel"].isin(["email", "post"])].drop_duplicates(["flow", "step"])
    letters = [letter.text for _, letter in _letters(written, batch, context)] if len(written) else []
    shown = written[["number", "step_name"]].assign(text=pd.Series(letters, index=written.index, dtype="str"))
    return {"steps": steps, "letters": shown}


ACTION = Action(
    name="assign.collection_step",
    label="Advance collection cases",
    help="Do the collection step that is due: reminder by mail or letter, costs, next date.",
    reads=frozenset({"collection_cases", "company_accounts"}),
    transform=transform,
    row_checks=row_checks,
    artefacts=artefacts,
    effects=effects,
    messages=messages,
    preview=preview,
    repeatable=True,
    lasting=("owes", "not_in_bundle", "not_in_kept_plan"),
)
