"""Send via post: the stored PDF to a print-and-post provider, one letter a document or customer."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final, Literal

import pandas as pd
from pydantic import Field

from invoicebatch.eligibility.duty import COLUMNS, refused_by_law, warned_by_law
from invoicebatch.errors import RenderError
from invoicebatch.formats.archive.stored_documents import verified
from invoicebatch.formats.mail import letter_values
from invoicebatch.formats.mail.bundled import attachments, merged_name
from invoicebatch.formats.mail.several import Writer
from invoicebatch.formats.mail.words import date_text
from invoicebatch.model.action import Action, Context, Outgoing, Preview
from invoicebatch.model.changes import Artefact, Batch, Changes, Prepared, RowFailure, where_said
from invoicebatch.model.contact.postal import ADDRESS, address_faults, address_lines
from invoicebatch.model.contact.preference import (
    PREFERENCE,
    against_preference,
    anyway_preview,
    preference_faults,
)
from invoicebatch.model.outbox.again import WAIVES, notes
from invoicebatch.model.outbox.again import preview as again_preview
from invoicebatch.model.outbox.payload import PostalAddress, PostPayload
from invoicebatch.model.outbox.rows import outbox_rows
from invoicebatch.model.outbox.together import Bundle, CombineParams, as_set, bundles, left, together
from invoicebatch.model.outbox.weight import page_count, sheets_of, weight_class
from invoicebatch.model.status import ShippingStatus
from invoicebatch.settings import Settings

if TYPE_CHECKING:
    from invoicebatch.formats.pdf.paper_letter import PaperLetter

_ENVELOPES: Final = "envelopes"
"""What `Batch.known` keeps of the files for what comes after: which documents share an envelope."""


class PostParams(CombineParams):
    """What may be chosen for a sending."""

    duplex: bool = Field(True, description="Print both sides")
    color: bool = Field(False, description="Print in colour")
    product: str = Field(
        "cheap", max_length=60, description="Delivery product: cheap, fast, bulk, or the provider's own"
    )
    window: Literal["left", "right"] = Field("left", description="Side of the envelope's window")
    anyway: bool = Field(
        False,
        description="Send also where the customer wants another channel, or nothing; kept in the history",
    )


def defaults(settings: Settings, _today: Any) -> dict[str, Any]:
    """Print and delivery options of the settings."""
    post = settings.post
    options = {"duplex": post.duplex, "color": post.color, "product": post.product, "window": post.window}
    return {**options, **as_set(settings)}


def _addresses(rows: pd.DataFrame) -> pd.DataFrame:
    frame = pd.DataFrame({field: rows[f"customer_{field}"] for field in ADDRESS})
    return frame.astype(object).where(frame.notna(), "")


def row_checks(batch: Batch, params: PostParams, context: Context) -> pd.DataFrame:
    """Rows that can't be posted: an address that is not whole or too far, a customer who wants no letter."""
    rows = batch.invoices
    reason = address_faults(_addresses(rows))
    reason = reason.mask(reason != "", "customer: " + reason + "; correct it and send again")
    if allowed := context.settings.post.countries:
        away = ~rows["customer_country"].isin(allowed) & (reason == "")
        reason = reason.mask(away, "letters go to " + ", ".join(allowed) + " only ([post] countries)")
    if not params.anyway:
        unwanted = preference_faults(rows, PostPayload.channel)
        reason = unwanted.where(unwanted != "", reason)
    return where_said(rows["invoice_id"], refused_by_law(rows, reason, context))


def warnings(batch: Batch, params: PostParams, context: Context) -> pd.DataFrame:  # noqa: ARG001
    """Rows that must get an electronic invoice by law: a letter alone will not do."""
    return warned_by_law(batch.invoices, context)


def artefacts(batch: Batch, params: PostParams, context: Context) -> Iterator[Prepared]:
    """Envelopes of several documents: a cover page and the documents behind it."""
    from invoicebatch.formats.pdf.envelope import Envelope, envelope_pdf

    if not params.combined:
        return
    rows, failed = verified(batch.invoices, context.document)
    broken = pd.Series(list(context.map(page_count, rows["file"])), index=rows.index, dtype="int64") == 0
    yield from (
        *failed,
        *(RowFailure(each, "its document can't be read as a PDF") for each in rows["invoice_id"][broken]),
    )
    rows = rows[~broken].reset_index(drop=True)
    several = [bundle for bundle in bundles(rows, params) if len(bundle.ids) > 1]
    batch.known[_ENVELOPES] = several
    jobs: dict[str, tuple[int, Envelope]] = {}
    for bundle, at, cover in _covers(rows, several, batch, params, context):
        if isinstance(cover, RenderError):
            yield from (RowFailure(each, cover.message) for each in bundle.ids)
            continue
        chosen = rows.iloc[at]
        envelope = Envelope(cover, tuple(chosen["file"]), params.duplex)
        jobs[merged_name(chosen["number"], bundle)] = bundle.ids[0], envelope
    made = context.map(envelope_pdf, [envelope for _, envelope in jobs.values()])
    for (name, (first, _)), content in zip(jobs.items(), made, strict=True):
        yield Artefact(name, content, invoice_id=first)


def _covers(
    rows: pd.DataFrame, several: list[Bundle], batch: Batch, params: PostParams, context: Context
) -> "Iterator[tuple[Bundle, list[int], PaperLetter | RenderError]]":
    """Each bundle with the positions of its rows and its cover page, or why there is none."""
    from invoicebatch.formats.pdf.paper_letter import PaperLetter

    writer = Writer("invoice", [context.root / "templates/mail"], PostPayload.channel)
    fallback = context.settings.documents.language
    values = list(letter_values(rows, batch["company_accounts"], fallback, today=context.today))
    lines = list(_window_lines(rows))
    for bundle, at, language, letter in writer.letters(rows, several, values):
        if isinstance(letter, RenderError):
            yield bundle, at, letter
            continue
        day, seller = date_text(context.today, language), values[at[0]][1]["account"]["name"]
        said = (letter.subject, letter.text, params.window, letter.table)
        yield bundle, at, PaperLetter(lines[at[0]], (seller,), day, language, *said)


def transform(batch: Batch, params: PostParams, context: Context) -> Changes:  # noqa: ARG001
    """Shipping status `sending`."""
    good = batch.good
    updates = good[["invoice_id"]].assign(
        shipping_status=ShippingStatus.SENDING.value,
        shipping_channel=PostPayload.channel,
        failure=pd.array([None] * len(good), dtype="str"),
    )
    kept = [notes(good), against_preference(good, PostPayload.channel)]
    return Changes(updates={"invoices": updates}, notes=pd.concat(kept, ignore_index=True))


def effects(batch: Batch, params: PostParams, context: Context) -> pd.DataFrame:
    """One outbox row a letter."""
    good = batch.good
    ids, numbers = good["invoice_id"].tolist(), good["number"].tolist()
    addresses = list(_addresses(good).itertuples(index=False, name=None))
    lines = list(_window_lines(good))
    goes_along = attachments(good, batch.files)
    options = params.model_dump(exclude={"anyway", "again", "combine"})

    def message(bundle: Bundle, at: list[int]) -> tuple[tuple[int, ...], str, PostPayload]:
        first = at[0]
        payload = PostPayload(
            number=numbers[first],
            lines=lines[first],
            address=PostalAddress(**dict(zip(ADDRESS, addresses[first], strict=True))),
            attachments=goes_along(bundle, at),
            **options,
        )
        return tuple(ids[each] for each in at), ", ".join(lines[first]), payload

    several = batch.known.get(_ENVELOPES, [])
    alone = good["invoice_id"][~good["invoice_id"].isin([each for bundle in several for each in bundle.ids])]
    every = [*several, *(Bundle((each,)) for each in alone.tolist())]
    return outbox_rows(context.run_id, (message(bundle, at) for bundle, at in left(every, good)))


def messages(batch: Batch, params: PostParams, _: Context) -> list[Outgoing]:
    """The documents of each letter."""
    return [(PostPayload.channel, bundle.ids) for bundle in bundles(batch.invoices, params)]


def _window_lines(rows: pd.DataFrame) -> Iterator[tuple[str, ...]]:
    """The lines in the window of each row's envelope."""
    plain = rows[["account_country", "account_language"]].fillna("").itertuples(index=False, name=None)
    for address, (home, language) in zip(
        _addresses(rows).itertuples(index=False, name=None), plain, strict=True
    ):
        yield address_lines(*address, home=home, language=language)


def preview(batch: Batch, params: PostParams, context: Context) -> Preview:
    """Letters by country, what they cost, and the first address as it stands in the window."""
    good = batch.invoices
    found = bundles(good, params)
    letters = good[good["invoice_id"].isin([bundle.ids[0] for bundle in found])]
    by_country = letters["customer_country"].value_counts()
    rows: list[dict[str, Any]] = [{"what": "letters", "rows": len(found)}]
    rows += [{"what": f"to {country}", "rows": int(count)} for country, count in by_country.items()]
    tables = {"letters": pd.DataFrame(rows, columns=["what", "rows"]), **again_preview(good)}
    tables |= _postage(good, found, params, context)
    tables |= anyway_preview(good, PostPayload.channel)
    if len(good):
        tables["first_address"] = pd.DataFrame({"line": next(_window_lines(good.head(1)))})
    return tables


def _postage(
    rows: pd.DataFrame, found: list[Bundle], params: PostParams, context: Context
) -> dict[str, pd.DataFrame]:
    """Table `postage` (weight_class, letters, cost_cents), where the settings know what letters cost."""
    costs = context.settings.post.costs
    if not costs or rows.empty:
        return {}
    stored = rows[["document_path", "document_sha256"]].itertuples(index=False, name=None)
    pages = context.map(page_count, [context.document(path, sha256) for path, sha256 in stored])
    sheets = [sheets_of(count, duplex=params.duplex) for count in pages]
    letters_of = ([sheets[each] for each in at] for _, at in left(found, rows))
    classes = pd.Series([weight_class(sum(each) + (len(each) > 1)) for each in letters_of])  # and a cover
    letters = classes.groupby(classes, sort=False).size()
    table = pd.DataFrame({"weight_class": letters.index, "letters": letters.to_numpy()})
    return {"postage": table.assign(cost_cents=table["letters"] * table["weight_class"].map(costs))}


ACTION = Action(
    name="send_via.post",
    label="Send via post",
    help="Hands each document to the print-and-post provider.",
    params=PostParams,
    reads=frozenset({"company_accounts"}),
    artefacts=artefacts,
    row_checks=row_checks,
    warnings=warnings,
    check_columns=frozenset(f"customer_{field}" for field in ADDRESS) | PREFERENCE | COLUMNS,
    transform=transform,
    effects=effects,
    messages=messages,
    preview=preview,
    defaults=defaults,
    chunk_rows=1000,
    together=together,
    irreversible=True,
    waives=WAIVES,
    outcome=("shipping_status", ShippingStatus.SENDING.value),
)
