"""Send via e-mail: the stored PDF with a letter in the customer's language, one message a document or customer."""

import base64
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import chain
from typing import Any, Final

import pandas as pd
from pydantic import Field

from invoicebatch.eligibility.duty import COLUMNS, refused_by_law, warned_by_law
from invoicebatch.errors import RenderError
from invoicebatch.formats.archive.stored_documents import verified
from invoicebatch.formats.archive.zip import safe_name
from invoicebatch.formats.mail import Letter, letter_values, template_sets
from invoicebatch.formats.mail.bundled import (
    attachments,
    expected_sizes,
    merged_files,
    room,
    sizes_of,
    ubl_size,
)
from invoicebatch.formats.mail.payload import mail, senders
from invoicebatch.formats.mail.several import SEVERAL, Writer
from invoicebatch.model.action import Action, Choices, Context, Outgoing, Preview, Surroundings
from invoicebatch.model.changes import (
    Artefact,
    Batch,
    Changes,
    Prepared,
    RowFailure,
    failures,
    no_failures,
    where_said,
)
from invoicebatch.model.contact.bounced import MARKS, mail_faults
from invoicebatch.model.contact.look_alike import look_alikes
from invoicebatch.model.contact.mailbox import address_faults, addresses_in
from invoicebatch.model.contact.preference import (
    PREFERENCE,
    against_preference,
    anyway_preview,
    preference_faults,
)
from invoicebatch.model.en16931.derive import TABLES
from invoicebatch.model.outbox.again import WAIVES, notes
from invoicebatch.model.outbox.again import preview as again_preview
from invoicebatch.model.outbox.payload import EmailPayload
from invoicebatch.model.outbox.rows import outbox_rows
from invoicebatch.model.outbox.together import Bundle, CombineParams, as_set, bundles, together
from invoicebatch.model.payments.collection import REMINDER
from invoicebatch.model.status import ShippingStatus
from invoicebatch.settings import Settings

_TEMPLATES: Final = "templates/mail"
_BUNDLES: Final = "bundles"
"""What `Batch.known` keeps of the files for what comes after: which documents go together."""
_UBL: Final = "ubl/"
"""Folder, in that of the run, of the electronic invoices that go along."""


class EmailParams(CombineParams):
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
    """Rows that can't be mailed: an address that is none or bounced, a customer who wants no mail, no sender."""
    rows = batch.invoices
    reason = mail_faults(rows["customer_email"], batch[MARKS])
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
    """Whether UBL goes along and documents share a mail, as the settings say."""
    return {"attach_ubl": settings.mail.attach_ubl, **as_set(settings)}


def artefacts(batch: Batch, params: EmailParams, context: Context) -> Iterator[Prepared]:
    """The files of each document, see `_files`, and the merged documents of mails that carry many."""
    if not params.combined:
        batch.known[_BUNDLES] = bundles(batch.invoices, params)
        yield from _files(batch, params, context)
        return
    rows, failed = verified(batch.invoices, context.document)  # one that is gone must not stop the others
    lines = batch["lines"]["invoice_id"].value_counts().to_dict() if params.attach_ubl else {}
    more: dict[int, int] = {}
    lost: set[int] = set()
    for item in chain(failed, _files(batch, params, context)):
        yield item
        if isinstance(item, RowFailure):
            lost.add(item.invoice_id)
        elif isinstance(item, Artefact) and item.invoice_id is not None and isinstance(item.content, bytes):
            size = len(item.content)
            if item.name.startswith(_UBL):  # counted as the plan did, which could not know it
                size = max(size, ubl_size(lines.get(item.invoice_id, 0), more.get(item.invoice_id, 0)))
            more[item.invoice_id] = more.get(item.invoice_id, 0) + size
    rows = rows[~rows["invoice_id"].isin(lost)]
    settings = context.settings.mail
    found = bundles(rows, params, sizes_of(rows, more), room(settings.max_megabytes))
    batch.known[_BUNDLES] = found
    many = [bundle for bundle in found if 0 < settings.merge_above < len(bundle.ids)]
    yield from merged_files(rows, many, context)


def _files(batch: Batch, params: EmailParams, context: Context) -> Iterator[Prepared]:
    """An invoice's own attachments, and its UBL where asked for; a document that breaks a rule is not mailed."""
    from invoicebatch.formats.checked import checked_documents

    yield from _own_attachments(batch)
    if not params.attach_ubl:
        return
    for item in checked_documents([batch], len(batch), context, "en16931"):
        if item.failure:
            yield RowFailure(item.invoice_id, f"electronic invoice: {item.failure}")
        else:
            yield Artefact(f"{_UBL}{safe_name(item.number)}.xml", item.document, invoice_id=item.invoice_id)


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
    """Shipping status `sending`; documents whose letter can't be written fail."""
    failed = _mails(batch, params, context)[1]
    good = batch.good[~batch.good["invoice_id"].isin(failed["invoice_id"])]
    updates = pd.DataFrame({"invoice_id": good["invoice_id"]})
    updates["shipping_status"] = ShippingStatus.SENDING.value
    updates["shipping_channel"] = EmailPayload.channel
    updates["failure"] = pd.array([None] * len(good), dtype="str")
    return Changes(updates={"invoices": updates}, notes=_notes(good), failures=failed)


def _notes(rows: pd.DataFrame) -> pd.DataFrame:
    """What the history keeps: an earlier sending, and that the customer wants it otherwise."""
    return pd.concat([notes(rows), against_preference(rows, EmailPayload.channel)], ignore_index=True)


def _letters(
    rows: pd.DataFrame, found: Iterable[Bundle], batch: Batch, params: EmailParams, context: Context
) -> Iterator[tuple[Bundle, list[int], str, Letter | RenderError]]:
    writer = Writer(params.template, [context.root / _TEMPLATES], EmailPayload.channel)
    fallback = context.settings.documents.language
    values = letter_values(rows, batch["company_accounts"], fallback, today=context.today, note=params.note)
    return writer.letters(rows, found, values)


_Mail = tuple[tuple[int, ...], str, EmailPayload]


def _mails(batch: Batch, params: EmailParams, context: Context) -> tuple[list[_Mail], pd.DataFrame]:
    """The mails with their documents and recipients, and the documents that fail: invoice_id, reason."""
    return batch.once("mails", lambda: _written(batch, params, context))


def _written(batch: Batch, params: EmailParams, context: Context) -> tuple[list[_Mail], pd.DataFrame]:
    good = batch.good
    names = ("invoice_id", "company_account_id", "customer_email")
    ids, accounts, to = (good[name].tolist() for name in names)
    sender_of = senders(batch["company_accounts"], context.settings.mail.sender)
    goes_along = attachments(good, batch.files)
    found: list[_Mail] = []
    failed = [no_failures()]
    for bundle, at, language, letter in _letters(good, batch.known[_BUNDLES], batch, params, context):
        if isinstance(letter, RenderError):
            failed.append(failures(good["invoice_id"].iloc[at], letter.message))
            continue
        payload = mail(sender_of[accounts[at[0]]], language, letter, goes_along(bundle, at))
        found.append((tuple(ids[each] for each in at), ", ".join(addresses_in(to[at[0]])), payload))
    return found, pd.concat(failed, ignore_index=True)


def effects(batch: Batch, params: EmailParams, context: Context) -> pd.DataFrame:
    """One outbox row a mail; its payload is the whole mail but for the bytes of the documents."""
    return outbox_rows(context.run_id, _mails(batch, params, context)[0])


def _expected(rows: pd.DataFrame, params: EmailParams, context: Context) -> list[Bundle]:
    """The mails of rows, before any file of them is made."""
    if not params.combined:
        return bundles(rows, params)
    sizes = expected_sizes(rows, context, ubl=params.attach_ubl)
    return bundles(rows, params, sizes, room(context.settings.mail.max_megabytes))


def messages(batch: Batch, params: EmailParams, context: Context) -> list[Outgoing]:
    """The documents of each mail."""
    return [(EmailPayload.channel, bundle.ids) for bundle in _expected(batch.invoices, params, context)]


def preview(batch: Batch, params: EmailParams, context: Context) -> Preview:
    """Counts by company account, language and amount due; the recipients; the first mail as it will read."""
    good = batch.invoices
    found = _expected(good, params, context)
    tables = {"recipients": _recipients(good, found), **again_preview(good)}
    tables |= anyway_preview(good, EmailPayload.channel)
    if found and (note := context.settings.mail.note):
        tables["notes"] = pd.DataFrame({"note": [note]})
    if found:
        rows = good[good["invoice_id"].isin(found[0].ids)].reset_index(drop=True)
        _, _, language, letter = next(_letters(rows, found[:1], batch, params, context))
        shown = {"to": rows["customer_email"].iloc[0], "language": language}
        if isinstance(letter, RenderError):
            shown["problem"] = letter.message
        else:
            shown |= {"subject": letter.subject, "text": letter.text}
        tables["first_mail"] = pd.DataFrame({"field": list(shown), "value": list(shown.values())})
    return tables


def _recipients(good: pd.DataFrame, found: list[Bundle]) -> pd.DataFrame:
    """Mails in all, and by domain."""
    mails = good[good["invoice_id"].isin([bundle.ids[0] for bundle in found])]
    addresses = mails["customer_email"].map(addresses_in).explode().astype("str")
    domain = addresses.str.replace(r"^.*@", "", regex=True).str.lower()
    counts = domain.groupby(domain).size().sort_values(ascending=False)
    rows: list[dict[str, Any]] = [{"what": "mails", "rows": len(found)}]
    rows += [{"what": f"to {name}", "rows": int(count)} for name, count in counts.head(5).items()]
    return pd.DataFrame(rows, columns=["what", "rows"])


def _templates(around: Surroundings) -> dict[str, str]:
    sets = template_sets([around.root / _TEMPLATES])
    return {name: name for name in sets if name != REMINDER and not name.endswith(SEVERAL)}


ACTION = Action(
    name="send_via.email",
    label="Send via e-mail",
    help="Mails each document to its customer, in the customer's language.",
    params=EmailParams,
    reads=TABLES | {"company_accounts", MARKS},
    defaults=defaults,
    row_checks=row_checks,
    warnings=warnings,
    check_columns=frozenset({"customer_email", "company_account_id"}) | PREFERENCE | COLUMNS,
    check_reads=frozenset({"company_accounts", MARKS}),
    artefacts=artefacts,
    transform=transform,
    effects=effects,
    messages=messages,
    preview=preview,
    chunk_rows=1000,
    together=together,
    irreversible=True,
    waives=WAIVES,
    choices={"template": Choices(_templates, _TEMPLATES)},
    outcome=("shipping_status", ShippingStatus.SENDING.value),
)
