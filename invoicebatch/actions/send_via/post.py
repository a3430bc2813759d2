"""Send via post: the stored PDF to a print-and-post provider, one letter a document."""

from typing import Any, Literal

import pandas as pd
from pydantic import Field

from invoicebatch.eligibility.duty import COLUMNS, refused_by_law, warned_by_law
from invoicebatch.formats.archive.zip import safe_name
from invoicebatch.model.action import Action, Context, Preview
from invoicebatch.model.changes import Batch, Changes, where_said
from invoicebatch.model.contact.postal import ADDRESS, address_faults, address_lines
from invoicebatch.model.contact.preference import (
    PREFERENCE,
    against_preference,
    anyway_preview,
    preference_faults,
)
from invoicebatch.model.outbox.again import WAIVES, SendParams, notes
from invoicebatch.model.outbox.again import preview as again_preview
from invoicebatch.model.outbox.payload import Attachment, PostalAddress, PostPayload
from invoicebatch.model.outbox.rows import outbox_rows
from invoicebatch.model.outbox.weight import page_count, sheets_of, weight_class
from invoicebatch.model.status import ShippingStatus
from invoicebatch.settings import Settings


class PostParams(SendParams):
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
    return {"duplex": post.duplex, "color": post.color, "product": post.product, "window": post.window}


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


def transform(batch: Batch, params: PostParams, context: Context) -> Changes:  # noqa: ARG001
    """Shipping status `sending`."""
    updates = batch.invoices[["invoice_id"]].assign(
        shipping_status=ShippingStatus.SENDING.value,
        shipping_channel=PostPayload.channel,
        failure=pd.array([None] * len(batch), dtype="str"),
    )
    kept = [notes(batch.invoices), against_preference(batch.invoices, PostPayload.channel)]
    return Changes(updates={"invoices": updates}, notes=pd.concat(kept, ignore_index=True))


def effects(batch: Batch, params: PostParams, context: Context) -> pd.DataFrame:
    """One outbox row a letter."""
    rows = batch.invoices
    columns = [
        "invoice_id",
        "number",
        "document_path",
        "document_sha256",
        "account_country",
        "account_language",
    ]
    plain = rows[columns].astype(object).where(rows[columns].notna(), "")
    addresses = _addresses(rows).itertuples(index=False, name=None)
    letters = zip(plain.itertuples(index=False, name=None), addresses, strict=True)
    options = params.model_dump(exclude={"anyway", "again"})
    return outbox_rows(context.run_id, (_message(values, address, options) for values, address in letters))


def _message(
    values: tuple[Any, ...], address: tuple[str, ...], options: dict[str, Any]
) -> tuple[int, str, PostPayload]:
    invoice_id, number, path, sha256, home, language = values
    lines = address_lines(*address, home=home, language=language)
    payload = PostPayload(
        number=number,
        lines=lines,
        address=PostalAddress(**dict(zip(ADDRESS, address, strict=True))),
        attachments=(Attachment.pdf(path, sha256, safe_name(number)),),
        **options,
    )
    return invoice_id, ", ".join(lines), payload


def preview(batch: Batch, params: PostParams, context: Context) -> Preview:
    """Letters by country, what they cost, and the first address as it stands in the window."""
    good = batch.invoices
    by_country = good["customer_country"].value_counts()
    rows: list[dict[str, Any]] = [{"what": "letters", "rows": len(good)}]
    rows += [{"what": f"to {country}", "rows": int(count)} for country, count in by_country.items()]
    tables = {"letters": pd.DataFrame(rows, columns=["what", "rows"]), **again_preview(good)}
    tables |= _postage(good, params, context)
    tables |= anyway_preview(good, PostPayload.channel)
    if len(good):
        first = next(_addresses(good.head(1)).itertuples(index=False, name=None))
        home = good[["account_country", "account_language"]].fillna("").iloc[0]
        lines = address_lines(*first, home=home["account_country"], language=home["account_language"])
        tables["first_address"] = pd.DataFrame({"line": lines})
    return tables


def _postage(rows: pd.DataFrame, params: PostParams, context: Context) -> dict[str, pd.DataFrame]:
    """Table `postage` (weight_class, letters, cost_cents), where the settings know what letters cost."""
    costs = context.settings.post.costs
    if not costs or rows.empty:
        return {}
    stored = rows[["document_path", "document_sha256"]].itertuples(index=False, name=None)
    pages = context.map(page_count, [context.document(path, sha256) for path, sha256 in stored])
    classes = pd.Series([weight_class(sheets_of(count, duplex=params.duplex)) for count in pages])
    letters = classes.groupby(classes, sort=False).size()
    table = pd.DataFrame({"weight_class": letters.index, "letters": letters.to_numpy()})
    return {"postage": table.assign(cost_cents=table["letters"] * table["weight_class"].map(costs))}


ACTION = Action(
    name="send_via.post",
    label="Send via post",
    help="Hands each document to the print-and-post provider.",
    params=PostParams,
    row_checks=row_checks,
    warnings=warnings,
    check_columns=frozenset(f"customer_{field}" for field in ADDRESS) | PREFERENCE | COLUMNS,
    transform=transform,
    effects=effects,
    preview=preview,
    defaults=defaults,
    chunk_rows=1000,
    irreversible=True,
    waives=WAIVES,
    outcome=("shipping_status", ShippingStatus.SENDING.value),
)
