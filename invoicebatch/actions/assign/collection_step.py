"""Advance collection cases: the step that is due is done: a reminder by mail or on paper, or a note, and its cost."""

import io
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any, Final, Literal

import pandas as pd
from pydantic import Field

from invoicebatch.errors import RenderError
from invoicebatch.formats.archive.zip import safe_name
from invoicebatch.formats.mail.payload import mail, senders
from invoicebatch.formats.mail.reminders import ReminderWriter
from invoicebatch.model.action import Action, Context, Outgoing, Params, Preview
from invoicebatch.model.changes import Artefact, Batch, Changes, Prepared, RowFailure, failures, where_said
from invoicebatch.model.contact.bounced import MARKS
from invoicebatch.model.contact.mailbox import addresses_in
from invoicebatch.model.outbox.payload import Attachment, EmailPayload
from invoicebatch.model.outbox.rows import file_attachments, outbox_rows
from invoicebatch.model.outbox.together import CUSTOMER
from invoicebatch.model.payments.collection import load_flows
from invoicebatch.model.payments.late_payment import load_late_payment
from invoicebatch.model.payments.reminders import Collecting, due_steps
from invoicebatch.model.payments.settlement import ChangesBuilder
from invoicebatch.model.schema.payments import COLLECTION_CASES, COLLECTION_STEPS
from invoicebatch.model.status import CaseStatus
from invoicebatch.settings import Settings

if TYPE_CHECKING:
    from invoicebatch.formats.reminder_files import Made

_PAGES: Final = "reminders/"
_MAILS: Final = "mails"
"""What `Batch.known` keeps of the files for what comes after: the reminders that go by mail."""


_FILE: Final = ["invoice_id", "name", "path", "sha256"]


class StepParams(Params):
    """What steps may be asked."""

    combine: Literal["none", "customer"] = Field(
        "none", description="customer: all due cases of a customer in one reminder"
    )

    @property
    def combined(self) -> bool:
        """Whether cases may share a reminder."""
        return self.combine == "customer"


def defaults(settings: Settings, _today: date) -> Mapping[str, Any]:
    """Whether cases share a reminder, as the settings say."""
    return {"combine": settings.collection.combine}


def together(params: StepParams) -> str:
    """A customer's cases are done in one commit, so that no reminder is made twice."""
    return CUSTOMER if params.combined else ""


def _by(params: StepParams, context: Context) -> Collecting:
    root = context.root
    return Collecting(load_flows(root), load_late_payment(root), context.today, params.combined)


def _writer(batch: Batch, params: StepParams, context: Context) -> ReminderWriter:
    language = context.settings.documents.language
    return ReminderWriter(context.root, batch["company_accounts"], language, _by(params, context))


def row_checks(batch: Batch, params: StepParams, context: Context) -> pd.DataFrame:
    """Rows whose step can't be done now, or asks what nobody knows."""
    rows = due_steps(batch, _by(params, context))
    return where_said(rows["invoice_id"], rows["reason"])


def artefacts(batch: Batch, params: StepParams, context: Context) -> Iterator[Prepared]:
    """Of each reminder its page and copies of its invoices: files for a mail, one PDF to print for a letter."""
    from invoicebatch.formats.reminder_files import made, readable

    files, lost = readable(batch.invoices, context)
    yield from lost  # the rest of a customer's invoices are reminded of without them
    kept = ~batch.invoices["invoice_id"].isin([failure.invoice_id for failure in lost])
    left = replace(batch, invoices=batch.invoices[kept].reset_index(drop=True))
    due, failed = _due(left, _by(params, context))
    yield from failed
    writer = _writer(batch, params, context)
    known = list(writer.reminders(due))
    mails: list[Made] = []
    for item in made(known, files, writer, batch, context):
        if isinstance(item, RowFailure):
            yield item
        elif item.reminder.row["channel"] == EmailPayload.channel:
            mails.append(item)
            yield from _attached(item)
        else:
            yield _printed(item, context)
    batch.known[_MAILS] = mails


def _due(batch: Batch, by: Collecting) -> tuple[pd.DataFrame, list[RowFailure]]:
    """The steps of the rows that are left, and rows that can't be done once others are not: their channel may be another."""
    failed: list[RowFailure] = []
    while True:
        rows = due_steps(batch, by)
        said = rows["reason"].ne("")
        if not said.any():
            return rows, failed
        found = zip(rows.loc[said, "invoice_id"], rows.loc[said, "reason"], strict=True)
        failed += [RowFailure(int(row), reason) for row, reason in found]
        kept = batch.invoices["invoice_id"].isin(rows.loc[~said, "invoice_id"])
        batch = replace(batch, invoices=batch.invoices[kept].reset_index(drop=True))


def _stem(item: "Made") -> str:
    """A name after the first and last invoice of a reminder, and its step."""
    numbers = item.reminder.named["table"]["numbers"]
    span = "_".join(dict.fromkeys((numbers[0], numbers[-1])))
    return safe_name(f"{span}_step{int(item.reminder.row['step'])}")


def _attached(item: "Made") -> Iterator[Artefact]:
    ids = item.reminder.ids
    yield Artefact(f"{_PAGES}{ids[0]}/{_stem(item)}.pdf", item.page, invoice_id=ids[0])
    numbers = dict(zip(ids, item.reminder.named["table"]["numbers"], strict=True))
    for row, content in item.copies.items():
        yield Artefact(f"copies/{row}/{safe_name(numbers[row])}-copy.pdf", content, invoice_id=row)


def _printed(item: "Made", context: Context) -> Artefact:
    from invoicebatch.model.outbox.sheets import merged

    parts = [io.BytesIO(part) for part in (item.page, *item.copies.values())]
    pdf, _ = merged(parts, duplex=context.settings.post.duplex)
    return Artefact(f"{_stem(item)}.pdf", pdf, invoice_id=item.reminder.ids[0])


def transform(batch: Batch, params: StepParams, context: Context) -> Changes:
    """The steps done are noted with their cost; each case moves on, or closes after its last step."""
    good = due_steps(replace(batch, invoices=batch.good), _by(params, context))
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
    asked = {name: int(good[name].sum()) for name in ("cost_cents", "interest_cents")}
    totals = {"steps": len(good), "reminders": good["reminder"].nunique(), "costs_cents": asked["cost_cents"]}
    totals |= {"interest_cents": asked["interest_cents"]} if asked["interest_cents"] else {}
    return replace(effects.changes(totals=totals), notes=_notes(batch))


def _notes(batch: Batch) -> pd.DataFrame:
    """What the history keeps: copies that a mail had no room for."""
    ids = [row for item in batch.known.get(_MAILS, []) if item.left_out for row in item.reminder.ids]
    return failures(pd.Series(ids, dtype="int64"), "copies of the invoices were too large for the mail")


def effects(batch: Batch, params: StepParams, context: Context) -> pd.DataFrame:  # noqa: ARG001
    """One mail a reminder that goes by e-mail: its page and the copies are attached."""
    sender_of = senders(batch["company_accounts"], context.settings.mail.sender)
    files = batch.files.reindex(columns=_FILE)
    is_page = files["name"].astype("str").str.startswith(f"run/{_PAGES}").astype(bool)
    page_of, copies_of = file_attachments(files[is_page]), file_attachments(files[~is_page])

    def message(item: "Made") -> tuple[tuple[int, ...], str, EmailPayload]:
        reminder = item.reminder
        copies = (copies_of.get(row, ()) for row in reminder.ids if row in item.copies)
        attached: tuple[Attachment, ...] = (
            *page_of.get(reminder.ids[0], ()),
            *(file for some in copies for file in some),
        )
        sender = sender_of[reminder.row["company_account_id"]]
        payload = mail(sender, reminder.language, item.letter, attached, reminder=True)
        return reminder.ids, ", ".join(addresses_in(reminder.row["customer_email"])), payload

    return outbox_rows(context.run_id, (message(item) for item in batch.known.get(_MAILS, [])))


def messages(batch: Batch, params: StepParams, context: Context) -> list[Outgoing]:
    """One mail a reminder that goes by e-mail."""
    rows = due_steps(batch, _by(params, context))
    mailed = rows[rows["channel"].eq(EmailPayload.channel) & rows["reason"].eq("")]
    shared = mailed.sort_values(["due_date", "invoice_id"]).groupby("reminder", sort=False)["invoice_id"]
    return [(EmailPayload.channel, tuple(ids.tolist())) for _, ids in shared]


def preview(batch: Batch, params: StepParams, context: Context) -> Preview:
    """Tables `steps` (what is done how often), `messages` (by channel, and what they ask) and `letters`: the first ones."""
    rows = due_steps(batch, _by(params, context))
    sums = {name: (name, "sum") for name in ("outstanding_cents", "cost_cents", "interest_cents")}
    steps = rows.groupby(
        ["flow", "step", "step_name", "channel"], as_index=False, observed=True, dropna=False
    ).agg(cases=("invoice_id", "size"), **sums)
    written = rows[rows["reminder"].notna()].assign(charged_cents=rows["costs_cents"])
    messages = written.groupby(["channel", "currency"], as_index=False, observed=True).agg(
        messages=("reminder", "nunique"),
        cases=("invoice_id", "size"),
        **sums,
        charged_cents=("charged_cents", "sum"),
    )
    messages["costs_cents"] = messages.pop("cost_cents") + messages.pop("charged_cents")
    names = ["outstanding_cents", "costs_cents", "interest_cents"]
    messages["total_cents"] = messages[names].sum(axis=1)
    tables = {"steps": steps, "messages": messages, "letters": _first_letters(rows, batch, params, context)}
    if written["channel"].eq(EmailPayload.channel).any() and (note := context.settings.mail.note):
        tables["notes"] = pd.DataFrame({"note": [note]})
    return tables


def _first_letters(rows: pd.DataFrame, batch: Batch, params: StepParams, context: Context) -> pd.DataFrame:
    """The first reminder of each step, as it will read: number, step_name, text."""
    leads = rows[rows["leads"]].sort_values(["due_date", "invoice_id"])
    first = leads.drop_duplicates(["flow", "step"])["reminder"]
    writer = _writer(batch, params, context)
    found = []
    for each in writer.reminders(rows[rows["reminder"].isin(first)]):
        letter = writer.letter(each, str(each.row["channel"]), copies=True)
        text = letter.message if isinstance(letter, RenderError) else letter.text
        found.append((each.row["number"], each.row["step_name"], text))
    return pd.DataFrame(found, columns=["number", "step_name", "text"]).astype("str")


ACTION = Action(
    name="assign.collection_step",
    label="Advance collection cases",
    help="Do the collection step that is due: reminder by mail or letter, costs, next date.",
    params=StepParams,
    reads=frozenset({"collection_cases", "company_accounts", "customers", MARKS}),
    transform=transform,
    row_checks=row_checks,
    artefacts=artefacts,
    effects=effects,
    messages=messages,
    preview=preview,
    defaults=defaults,
    chunk_rows=1000,
    together=together,
    repeatable=True,
    lasting=("owes", "not_in_bundle", "not_in_kept_plan"),
)
