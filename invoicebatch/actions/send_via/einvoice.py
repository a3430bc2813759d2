"""Send via e-invoice: the checked UBL document through Peppol or Chorus Pro, one message a document."""

from collections.abc import Hashable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

import numpy as np
import pandas as pd
from pydantic import Field

from invoicebatch.eligibility.duty import COLUMNS, refused_by_law, warned_by_law
from invoicebatch.errors import InvoicebatchError
from invoicebatch.formats.archive.zip import safe_name
from invoicebatch.formats.validation import WITHOUT, Schematron, require_official_rules
from invoicebatch.model.action import Action, Choices, Context, Outgoing, Preview, Surroundings
from invoicebatch.model.changes import Artefact, Batch, Changes, Prepared, RowFailure, no_failures, where_said
from invoicebatch.model.en16931.derive import TABLES
from invoicebatch.model.outbox.again import WAIVES, SendParams, notes
from invoicebatch.model.outbox.again import preview as again_preview
from invoicebatch.model.outbox.payload import CHORUS_PRO, PEPPOL, Attachment, EInvoicePayload
from invoicebatch.model.outbox.rows import outbox_rows
from invoicebatch.model.status import ShippingStatus
from invoicebatch.settings import FILE, Settings

_SIRET: Final = r"^\d{14}$"
_POSTCODE: Final = r"^\d{5}$"
_FIELDS: Final = ("network", "account", "number", "scheme", "identifier")


class EInvoiceParams(SendParams):
    """What may be chosen for a sending."""

    network: str = Field(
        "auto",
        pattern="^(auto|peppol|chorus_pro)$",
        description="auto: Chorus Pro for customers with a SIRET where it is switched on, else Peppol",
    )
    schematron: Schematron = Field(
        "all", description="Official rules on all documents, on one of each structure, or none"
    )


def check(params: EInvoiceParams, around: Surroundings, now: datetime) -> None:  # noqa: ARG001
    """Refuses documents that can't be asked by the official rules, where any would be made.

    Raises:
        ParameterError: the rules can't be asked here.
    """
    if params.schematron != "none" and makes_documents(around.settings):
        require_official_rules(WITHOUT)


def makes_documents(settings: Settings) -> bool:
    """Whether any network that is switched on is sent documents that are made for it."""
    on = settings.integrations
    return on.peppol or (on.chorus_pro and settings.einvoice.chorus_format == "ubl")


def networks(invoices: pd.DataFrame, params: EInvoiceParams, ctx: Context) -> pd.DataFrame:
    """The network of each row: `network` str, and `reason` str why it can't go (empty: it can)."""
    on = ctx.settings.integrations
    siret = invoices["customer_siret"].fillna("").str.replace(r"\s", "", regex=True)
    participant = invoices["customer_endpoint_id"].notna() & invoices["customer_endpoint_scheme"].notna()
    chorus = (siret != "") & on.chorus_pro
    if params.network != "auto":
        chorus = pd.Series(params.network == CHORUS_PRO, index=invoices.index)
    reason = pd.Series("", index=invoices.index)
    peppol_off = "" if on.peppol else "Peppol is switched off ([integrations] peppol)"
    chorus_off = "" if on.chorus_pro else "Chorus Pro is switched off ([integrations] chorus_pro)"
    reason = reason.mask(~chorus & ~participant, "the customer has no Peppol participant id with its scheme")
    reason = reason.mask(~chorus & (peppol_off != ""), peppol_off)
    postcode = invoices["customer_postcode"].fillna("").str.strip()
    reason = reason.mask(
        chorus & ~postcode.str.match(_POSTCODE), "Chorus Pro needs a postcode of five digits"
    )
    reason = reason.mask(chorus & ~siret.str.match(_SIRET), "the customer's SIRET has not 14 digits")
    reason = reason.mask(chorus & (chorus_off != ""), chorus_off)
    network = pd.Series(np.where(chorus, CHORUS_PRO, PEPPOL), index=invoices.index)
    return pd.DataFrame({"network": network, "reason": reason})


def row_checks(batch: Batch, params: EInvoiceParams, ctx: Context) -> pd.DataFrame:
    """Rows that no network takes, and those whose receiver is known to take none."""
    rows = batch.invoices
    found = networks(rows, params, ctx)
    known = ctx.receivers()
    away = pd.Series([known.get(each, "") for each in _receivers(rows)], index=rows.index, dtype="str")
    reason = found["reason"].where((found["reason"] != "") | (found["network"] != PEPPOL), away)
    for network, mine in rows.groupby(found["network"], sort=False):
        reason.loc[mine.index] = refused_by_law(mine, reason.loc[mine.index], ctx, str(network))
    return where_said(rows["invoice_id"], reason)


def warnings(batch: Batch, params: EInvoiceParams, ctx: Context) -> pd.DataFrame:
    """Rows for which the law asks another channel than the network they go through."""
    rows = batch.invoices
    network = networks(rows, params, ctx)["network"]
    said = [warned_by_law(mine, ctx, str(name)) for name, mine in rows.groupby(network, sort=False)]
    return pd.concat([no_failures(), *said], ignore_index=True)


def _receivers(rows: pd.DataFrame) -> list[tuple[str, str]]:
    """Scheme and identifier of each row's Peppol participant; empty texts where there is none."""
    columns = (rows[f"customer_endpoint_{part}"].fillna("").tolist() for part in ("scheme", "id"))
    return list(zip(*columns, strict=True))


def artefacts(batch: Batch, params: EInvoiceParams, ctx: Context) -> Iterator[Prepared]:
    """The document of each row, kept in the archive as it is sent; rows that break a rule fail, named."""
    from invoicebatch.formats.checked import checked_documents

    network_of = networks(batch.invoices, params, ctx)["network"]
    for network, profile in ((PEPPOL, "peppol"), (CHORUS_PRO, "en16931")):
        rows = batch.invoices[network_of == network]
        part = Batch(rows.reset_index(drop=True), batch.tables)
        if network == CHORUS_PRO and ctx.settings.einvoice.chorus_format == "facturx":
            yield from _stored_facturx(part, ctx)
            continue
        asked = (profile, params.schematron)
        for item in checked_documents([part], len(part), ctx, *asked, national=network == PEPPOL):  # type: ignore[arg-type]
            if item.failure:
                yield RowFailure(item.invoice_id, item.failure)
            else:
                name = f"einvoice/{ctx.run_id[:8]}/{item.invoice_id}-{safe_name(item.number)}.xml"
                yield Artefact(name, item.document, item.invoice_id, "documents", {"network": network})


def _stored_facturx(batch: Batch, ctx: Context) -> Iterator[Prepared]:
    """The stored PDF of each row, which must hold its data; one without fails by name."""
    from invoicebatch.formats.cii.facturx import holds_facturx

    columns = ("invoice_id", "number", "document_path", "document_sha256")
    for invoice_id, number, path, sha256 in zip(
        *(batch.invoices[name].tolist() for name in columns), strict=True
    ):
        try:
            data = ctx.document(path, sha256).read_bytes()
            held = holds_facturx(data)
        except InvoicebatchError as error:
            yield RowFailure(invoice_id, error.message)
            continue
        if not held:
            fix = "set [documents] facturx = true and regenerate it"
            yield RowFailure(invoice_id, f"its PDF holds no Factur-X data for Chorus Pro; {fix}")
            continue
        name = f"einvoice/{ctx.run_id[:8]}/{invoice_id}-{safe_name(number)}.pdf"
        yield Artefact(name, data, invoice_id, "documents", {"network": CHORUS_PRO})


def transform(batch: Batch, params: EInvoiceParams, ctx: Context) -> Changes:  # noqa: ARG001
    """Shipping status `sending` for documents that go out; the others fail by name."""
    good = batch.good
    updates = pd.DataFrame({"invoice_id": good["invoice_id"]})
    updates["shipping_status"] = ShippingStatus.SENDING.value
    updates["shipping_channel"] = EInvoicePayload.channel
    updates["failure"] = pd.array([None] * len(good), dtype="str")
    return Changes(
        updates={"invoices": updates},
        totals={"documents": len(good)},
        notes=notes(good),
    )


def effects(batch: Batch, params: EInvoiceParams, ctx: Context) -> pd.DataFrame:  # noqa: ARG001
    """One outbox row a document; the message id, which no attempt changes, is the network's idempotency key."""
    good = batch.good
    if good.empty:
        return outbox_rows(ctx.run_id, ())
    files = batch.files[["invoice_id", "path", "sha256", "network"]].astype({"invoice_id": "int64"})
    rows = good.merge(files, on="invoice_id")
    to_chorus = rows["network"] == CHORUS_PRO
    rows["scheme"] = rows["customer_endpoint_scheme"].mask(to_chorus, "0009")
    rows["identifier"] = rows["customer_endpoint_id"].mask(to_chorus, rows["customer_siret"])
    rows["account"] = rows["company_account_id"]
    columns = ["invoice_id", *_FIELDS, "path", "sha256"]
    return outbox_rows(ctx.run_id, map(_message, rows[columns].to_dict("records")))


def messages(batch: Batch, params: EInvoiceParams, ctx: Context) -> list[Outgoing]:  # noqa: ARG001
    """One message a document."""
    return [(EInvoicePayload.channel, (each,)) for each in batch.invoices["invoice_id"].tolist()]


def _message(row: Mapping[Hashable, Any]) -> tuple[int, str, EInvoicePayload]:
    made = Attachment.pdf if str(row["path"]).endswith(".pdf") else Attachment.xml
    document = made(row["path"], row["sha256"], safe_name(row["number"]))
    fields = {name: row[name] for name in _FIELDS}
    payload = EInvoicePayload.model_validate(fields | {"attachments": (document,)})
    return row["invoice_id"], f"{payload.scheme}:{payload.identifier}", payload


def preview(batch: Batch, params: EInvoiceParams, ctx: Context) -> Preview:
    """How many documents go by which network, and which receivers of Peppol can be reached."""
    network = networks(batch.invoices, params, ctx)["network"]
    counts = network.value_counts()
    rows = [{"what": f"through {name}", "rows": int(count)} for name, count in counts.items()]
    tables = {"networks": pd.DataFrame(rows, columns=["what", "rows"]), **again_preview(batch.invoices)}
    return tables | _reached(batch.invoices[network == PEPPOL], ctx)


def _reached(rows: pd.DataFrame, ctx: Context) -> dict[str, pd.DataFrame]:
    """Receivers asked in one go: how many take invoices, how many are unknown, and each that takes none."""
    asked = _receivers(rows)
    known = ctx.receivers(ask=[each for each in asked if all(each)]) if len(rows) else {}
    said = [known.get(each) for each in asked]
    counts = {
        "take invoices": sum(why == "" for why in said),
        "take none": sum(bool(why) for why in said),
        "unknown": sum(why is None for why in said),
    }
    away = [(number, why) for number, why in zip(rows["number"], said, strict=True) if why]
    tables = {"receivers": pd.DataFrame({"what": list(counts), "rows": list(counts.values())})}
    if away:
        tables["can not be reached"] = pd.DataFrame(away, columns=["number", "reason"])
    return tables


def _networks(around: Surroundings) -> dict[str, str]:
    on = around.settings.integrations
    switched = ((PEPPOL, "Peppol", on.peppol), (CHORUS_PRO, "Chorus Pro", on.chorus_pro))
    return {"auto": "By customer"} | {name: label for name, label, there in switched if there}


ACTION = Action(
    name="send_via.einvoice",
    label="Send via e-invoice",
    help="Sends each document as a checked UBL invoice through Peppol or Chorus Pro.",
    params=EInvoiceParams,
    check=check,
    reads=TABLES,
    row_checks=row_checks,
    warnings=warnings,
    check_columns=frozenset({"customer_endpoint_id", "customer_postcode"}) | COLUMNS,
    transform=transform,
    artefacts=artefacts,
    effects=effects,
    messages=messages,
    preview=preview,
    chunk_rows=1000,
    irreversible=True,
    waives=WAIVES,
    choices={"network": Choices(_networks, f"[integrations] of {FILE}")},
    outcome=("shipping_status", ShippingStatus.SENDING.value),
)
