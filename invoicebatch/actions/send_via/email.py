"""Send via e-mail: the stored PDF with a letter in the customer's language, one message a document."""

import base64
from collections.abc import Iterator
from datetime import date
from typing import Any, Final

import pandas as pd
from pydantic import Field

from invoicebatch.eligibility.duty import COLUMNS, refused_by_law, warned_by_law
from invoicebatch.formats.archive.zip import safe_name
from invoicebatch.formats.mail import Letter, Letters, letter_values, template_sets
from invoicebatch.formats.mail.payload import mails, senders
from invoicebatch.model.action import Action, Choices, Context, Preview, Surroundings
from invoicebatch.model.changes import Artefact, Batch, Changes, Prepared, RowFailure, where_said
from invoicebatch.model.contact.look_alike import look_alikes
from invoicebatch.model.contact.mailbox import address_faults, addresses_in, recipients_faults
from invoicebatch.model.contact.preference import (
    PREFERENCE,
    against_preference,
    anyway_preview,
    preference_faults,
)
from invoicebatch.model.en16931.derive import TABLES
from invoicebatch.model.outbox.again import WAIVES, SendParams, notes
from invoicebatch.model.outbox.again import preview as again_preview
from invoicebatch.model.outbox.payload import EmailPayload
from invoicebatch.model.outbox.rows import file_attachments, outbox_rows
from invoicebatch.model.payments.collection import REMINDER
from invoicebatch.model.status import ShippingStatus
from invoicebatch.settings import Settings

_TEMPLATES: Final = "templates/mail"


class EmailParams(SendParams):
    """What may be chosen for a sending."""

    anyway: bool = Field(
        False,
        description="Send also where the customer wants another channel, or nothing; kept in the history",
    )
    attach_ubl: bool = Field(False, description="Attach the electronic invoice (UBL) too, checked before")
    note: str = Field("", max_length=500, description="A line of your own in every mail")
    template: str = Field(
        "invoice", pattern="^[a-z0-9_-]{1,40}$", description="Template set: a folder in templates/mail"
    )


def row_checks(batch: Batch, params: EmailParams, context: Context) -> pd.DataFrame:
    """Rows that can't be mailed: an address that is none, a customer who wants no mail, no sender."""
    rows = batch.invoices
    reason = recipients_faults(rows["customer_email"])
    reason = reason.mask(reason != "", "customer: " + reason + "; correct it and send again")
    if not params.anyway:
        unwanted = preference_faults(rows, EmailPayload.channel)
        reason = unwanted.where(unwanted != "", reason)
    reason = refused_by_law(rows, reason, context)
    own = {account: sender.address for account, sender in senders(batch["company_accounts"], "").items()}
    faults = address_faults(pd.Series(own, dtype="str"))
    unknown = rows["company_account_id"].map(faults).fillna("no such company account")
    reason = reason.where((reason != "") | ~_broken(unknown), "company account: " + unknown)
    return where_said(rows["invoice_id"], reason)


def warnings(batch: Batch, params: EmailParams, context: Context) -> pd.DataFrame:  # noqa: ARG001
    """Rows for which mail alone will not do by law, and those whose address looks like another one."""
    rows = batch.invoices
    said = look_alikes(rows["customer_email"])
    alike = where_said(rows["invoice_id"], said.mask(said != "", "customer: the mail domain " + said))
    return pd.concat([warned_by_law(rows, context), alike], ignore_index=True)


def defaults(settings: Settings, _today: date) -> dict[str, Any]:
    """Whether UBL goes along, as the settings say."""
    return {"attach_ubl": settings.mail.attach_ubl}


def artefacts(batch: Batch, params: EmailParams, context: Context) -> Iterator[Prepared]:
    """An invoice's own attachments, and its UBL where asked for; a document that breaks a rule is not mailed."""
    from invoicebatch.formats.checked import checked_documents

    yield from _own_attachments(batch)
    if not params.attach_ubl:
        return
    for item in checked_documents(batch, context, "en16931"):
        if item.failure:
            yield RowFailure(item.invoice_id, f"electronic invoice: {item.failure}")
        else:
            yield Artefact(f"ubl/{safe_name(item.number)}.xml", item.document, invoice_id=item.invoice_id)


def _own_attachments(batch: Batch) -> Iterator[Prepared]:
    """What the table `attachments` holds for the rows, as files."""
    rows = batch["attachments"]
    rows = rows[rows["content_base64"].notna() & rows["invoice_id"].isin(batch.invoices["invoice_id"])]
    columns = (
        rows[name].tolist()
        for name in ("invoice_id", "attachment_no", "filename", "reference", "content_base64")
    )
    for invoice_id, number, filename, reference, content in zip(*columns, strict=True):
        name = safe_name(filename if isinstance(filename, str) else reference)
        try:
            data = base64.b64decode(content, validate=True)
        except ValueError:
            yield RowFailure(invoice_id, f"attachment {name} can't be read: it is not base64")
            continue
        yield Artefact(f"attachments/{invoice_id}/{number}/{name}", data, invoice_id=invoice_id)


def _broken(faults: "pd.Series[str]") -> "pd.Series[bool]":
    """Faults that no default sender can mend."""
    return ~faults.isin(["", "no e-mail address"])


def transform(batch: Batch, params: EmailParams, context: Context) -> Changes:
    """Shipping status `sending`.

    Raises:
        RenderError: a template can't be rendered; nothing is sent then.
    """
    good = batch.good
    for _ in _letters(good, batch, params, context):
        pass
    updates = pd.DataFrame({"invoice_id": good["invoice_id"]})
    updates["shipping_status"] = ShippingStatus.SENDING.value
    updates["shipping_channel"] = EmailPayload.channel
    updates["failure"] = pd.array([None] * len(good), dtype="str")
    return Changes(updates={"invoices": updates}, notes=_notes(good))


def _notes(rows: pd.DataFrame) -> pd.DataFrame:
    """What the history keeps: an earlier sending, and that the customer wants it otherwise."""
    return pd.concat([notes(rows), against_preference(rows, EmailPayload.channel)], ignore_index=True)


def _letters(
    rows: pd.DataFrame, batch: Batch, params: EmailParams, context: Context
) -> Iterator[tuple[str, Letter]]:
    letters = Letters(params.template, [context.root / _TEMPLATES])
    fallback = context.settings.documents.language
    values = letter_values(rows, batch["company_accounts"], fallback, today=context.today, note=params.note)
    for language, plain in values:
        yield language, letters.render(language, plain)


def effects(batch: Batch, params: EmailParams, context: Context) -> pd.DataFrame:
    """One outbox row a mail; its payload is the whole mail but for the bytes of the documents."""
    good = batch.good
    sender_of = senders(batch["company_accounts"], context.settings.mail.sender)
    letters = _letters(good, batch, params, context)
    return outbox_rows(context.run_id, mails(good, letters, sender_of, file_attachments(batch.files)))


def preview(batch: Batch, params: EmailParams, context: Context) -> Preview:
    """Counts by company account, language and amount due; the recipients; the first mail as it will read."""
    good = batch.invoices
    tables = {"recipients": _recipients(good), **again_preview(good)}
    tables |= anyway_preview(good, EmailPayload.channel)
    first = next(_letters(good.head(1), batch, params, context), None)
    if first is not None:
        language, letter = first
        shown = {
            "to": good["customer_email"].iloc[0],
            "language": language,
            "subject": letter.subject,
            "text": letter.text,
        }
        tables["first_mail"] = pd.DataFrame({"field": list(shown), "value": list(shown.values())})
    return tables


def _recipients(good: pd.DataFrame) -> pd.DataFrame:
    addresses = good["customer_email"].map(addresses_in).explode().astype("str")
    domain = addresses.str.replace(r"^.*@", "", regex=True).str.lower()
    counts = domain.groupby(domain).size().sort_values(ascending=False)
    rows: list[dict[str, Any]] = [{"what": "mails", "rows": len(good)}]
    rows += [{"what": f"to {name}", "rows": int(count)} for name, count in counts.head(5).items()]
    return pd.DataFrame(rows, columns=["what", "rows"])


def _templates(around: Surroundings) -> dict[str, str]:
    return {name: name for name in template_sets([around.root / _TEMPLATES]) if name != REMINDER}


ACTION = Action(
    name="send_via.email",
    label="Send via e-mail",
    help="Mails each document to its customer, in the customer's language.",
    params=EmailParams,
    reads=TABLES | {"company_accounts"},
    defaults=defaults,
    row_checks=row_checks,
    warnings=warnings,
    check_columns=frozenset({"customer_email", "company_account_id"}) | PREFERENCE | COLUMNS,
    check_reads=frozenset({"company_accounts"}),
    artefacts=artefacts,
    transform=transform,
    effects=effects,
    preview=preview,
    chunk_rows=1000,
    irreversible=True,
    waives=WAIVES,
    choices={"template": Choices(_templates, _TEMPLATES)},
    outcome=("shipping_status", ShippingStatus.SENDING.value),
)
