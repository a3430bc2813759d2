"""What each document says: frames of a batch to one dict a document, ready for its template.

All wording and number formatting is done here, so that a template only places text. Nothing is
rendered here.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any, Final

from invoicebatch.formats.pdf.payment import (
    AMOUNTS_DUE,
    missing_account,
    payment_block,
    settlement_rows,
    with_amounts_due,
)
from invoicebatch.formats.pdf.readings import COLUMNS as READING_COLUMNS
from invoicebatch.formats.pdf.readings import readings_block
from invoicebatch.formats.pdf.seller_and_buyer import buyer_block, footer, meta, missing_fields, seller_block
from invoicebatch.formats.pdf.text import Row, line, paragraph, rows
from invoicebatch.formats.pdf.wording import Wording
from invoicebatch.model.changes import Batch, RowFailure
from invoicebatch.model.ident import sha256_json
from invoicebatch.model.payments import amount_due
from invoicebatch.model.schema import TABLES

TABLES_READ: Final = frozenset(
    {
        "lines",
        "measurements",
        "vat_breakdown",
        "allowance_charges",
        "attachments",
        "customers",
        "company_accounts",
    }
)
"""Tables a document is made of, with its Factur-X data."""

MANY_LINES: Final = 14
"""From this many lines on the running total is printed at each page break."""

_INVOICE_COLUMNS: Final = (
    "invoice_id", "kind", "number", "company_account_id", "customer_id", "currency", "invoice_date",
    "due_date", "period_start", "period_end", "delivery_date", "buyer_reference", "order_reference",
    "contract_reference", "project_reference", "note", "payment_terms", "remittance_reference",
    "line_total_cents", "allowance_total_cents", "charge_total_cents", "net_total_cents",
    "vat_total_cents", "total_cents", "prepaid_cents", "rounding_cents", "preceding_number",
    "preceding_date", "mandate_id", "mandate_iban",
)  # fmt: skip

COLUMNS: Final = frozenset(
    {*_INVOICE_COLUMNS, *amount_due.COLUMNS, "document_version", "document_path", "document_sha256",
     "account_country", "account_iban"}
)  # fmt: skip
"""Overview columns that rendering and storing a document takes."""


@dataclass(frozen=True, slots=True)
class Document:
    """One document: what it says, and the hash over all of it."""

    invoice_id: int
    account_id: str
    kind: str
    wording: Wording
    content: dict[str, Any]
    content_sha256: str


@dataclass(frozen=True, slots=True)
class _Source:
    invoice: Row
    buyer: Row
    account: Row
    lines: list[Row]
    vat: list[Row]
    allowances: list[Row]
    readings: list[Row]


def documents(batch: Batch, wording_for: Callable[[str, str | None], Wording]) -> list[Document | RowFailure]:
    """What the documents of a batch say, in the batch's order.

    Args:
        batch: overview columns and the tables of `TABLES_READ`.
        wording_for: words for a company account and the customer's language.

    Returns:
        a document, or a failure that names each missing field, for every invoice.
    """
    found: list[Document | RowFailure] = []
    for source in _sources(batch):
        reason = _refusal(source)
        if reason:
            found.append(RowFailure(int(source.invoice["invoice_id"]), reason))
        else:
            account_id = source.invoice["company_account_id"]
            wording = wording_for(account_id, source.buyer["language"])
            wording = replace(wording, currency=source.invoice["currency"])
            found.append(_document_or_failure(source, wording))
    return found


def _document_or_failure(source: _Source, wording: Wording) -> Document | RowFailure:
    """The document, or what of its data or words could not be put into it; the others go on."""
    try:
        return _document(source, wording)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        reason = f"the data of the document, in {wording.language}, can't be written: {error!r}"
        return RowFailure(int(source.invoice["invoice_id"]), reason)


def _sources(batch: Batch) -> list[_Source]:
    buyers = _by_key(batch, "customers", "customer_id")
    accounts = _by_key(batch, "company_accounts", "company_account_id")
    lines = _by_invoice(batch, "lines", "line_no")
    vat = _by_invoice(batch, "vat_breakdown", "vat_rate_bp", descending=True)
    allowances = _by_invoice(batch, "allowance_charges", "allowance_no")
    readings = _by_invoice(batch, "measurements", "line_no", columns=READING_COLUMNS)
    nobody = dict.fromkeys(TABLES["customers"].frame_names)
    no_account = dict.fromkeys(TABLES["company_accounts"].frame_names)
    return [
        _Source(
            invoice,
            buyers.get(invoice["customer_id"], nobody),
            accounts.get(invoice["company_account_id"], no_account),
            *(table[invoice["invoice_id"]] for table in (lines, vat, allowances, readings)),
        )
        for invoice in rows(with_amounts_due(batch.invoices), (*_INVOICE_COLUMNS, *AMOUNTS_DUE))
    ]


def _by_key(batch: Batch, table: str, key: str) -> dict[str, Row]:
    return {row[key]: row for row in rows(batch[table], TABLES[table].frame_names)}


def _by_invoice(
    batch: Batch,
    table: str,
    order: str,
    columns: tuple[str, ...] | None = None,
    *,
    descending: bool = False,
) -> defaultdict[int, list[Row]]:
    frame = batch[table]
    ordered = frame.sort_values(["invoice_id", order], ascending=[True, not descending], kind="stable")
    found: defaultdict[int, list[Row]] = defaultdict(list)
    for row in rows(ordered, columns or TABLES[table].frame_names):
        found[row["invoice_id"]].append(row)
    return found


def _refusal(source: _Source) -> str:
    taxes = frozenset(row["vat_category"] for row in source.vat or source.lines)
    missing = list(missing_fields(source.invoice, source.buyer, source.account, taxes))
    if missing_account(source.invoice, source.account):
        missing.append("company_accounts.iban")
    if not source.lines:
        missing.append("lines")
    if not missing:
        return ""
    return f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing: fill in, then regenerate"


def _document(source: _Source, wording: Wording) -> Document:
    invoice = source.invoice
    content = _content(source, wording)
    return Document(
        int(invoice["invoice_id"]),
        invoice["company_account_id"],
        invoice["kind"],
        wording,
        content,
        sha256_json(content),
    )


def _content(source: _Source, wording: Wording) -> dict[str, Any]:
    invoice, account = source.invoice, source.account
    day = invoice["invoice_date"]
    delivered = [row for row in source.lines if row["advance_of"] is None]
    advances = [row for row in source.lines if row["advance_of"] is not None]
    line_allowances = [row for row in source.allowances if row["line_no"] is not None]
    running = _running_totals(delivered + advances)
    tables = [
        [_line(row, line_allowances, running, wording) for row in part] for part in (delivered, advances)
    ]
    return {
        "kind": invoice["kind"],
        "language": wording.language,
        "title": wording.say(f"title.{invoice['kind']}"),
        "number": line(invoice["number"]),
        "intro": _intro(invoice, wording),
        "note": paragraph(invoice["note"]),
        "currency": invoice["currency"],
        "document_date": {"year": day.year, "month": day.month, "day": day.day},
        "long": len(source.lines) >= MANY_LINES,
        "seller": seller_block(account, wording),
        "buyer": buyer_block(source.buyer, account, wording),
        "meta": meta(invoice, source.buyer, wording),
        "lines": tables[0],
        "advances": tables[1],
        "totals": _totals(source, wording),
        "vat_reasons": _vat_reasons(source.vat, source.lines, wording),
        "payment": payment_block(invoice, source.buyer, account, wording),
        "readings": readings_block(source.readings, wording),
        "footer": footer(account, wording),
    }


def _running_totals(lines: list[Row]) -> dict[int, int]:
    sums = accumulate(row["net_cents"] for row in lines)
    return dict(zip((row["line_no"] for row in lines), sums, strict=True))


def _intro(invoice: Row, wording: Wording) -> str:
    kind, preceding = invoice["kind"], line(invoice["preceding_number"])
    if kind == "credit_note" and not preceding:
        return wording.say("intro.credit_note_alone")
    if kind == "correction_note" and not preceding:
        return ""
    return wording.say(f"intro.{kind}", preceding=preceding)


def _line(row: Row, allowances: list[Row], running: dict[int, int], wording: Wording) -> dict[str, Any]:
    price = wording.decimal(row["price"], 2)
    if row["price_base"] != 1:
        base = f"{wording.decimal(row['price_base'])} {wording.unit(row['unit'])}".strip()
        price = f"{price} {wording.say('lines.per')} {base}"
    details = [
        line(row["description"]),
        wording.period(row["period_start"], row["period_end"]),
        line(row["note"]),
        *(_allowance(a, wording) for a in allowances if a["line_no"] == row["line_no"]),
    ]
    return {
        "no": str(row["line_no"]),
        "name": line(row["name"]),
        "details": [text for text in details if text],
        "quantity": wording.decimal(row["quantity"]),
        "unit": wording.unit(row["unit"], row["quantity"]),
        "price": price,
        "vat": wording.percent(row["vat_rate_bp"]),
        "amount": wording.amount(row["net_cents"]),
        "running": wording.amount(running[row["line_no"]]),
    }


def _allowance_label(row: Row, wording: Wording) -> str:
    label = line(row["reason"]) or wording.say("lines.charge" if row["is_charge"] else "lines.allowance")
    return f"{label} ({wording.percent(row['rate_bp'])})" if row["rate_bp"] else label


def _allowance(row: Row, wording: Wording) -> str:
    cents = row["amount_cents"] if row["is_charge"] else -row["amount_cents"]
    return f"{_allowance_label(row, wording)}: {wording.amount(cents)}"


def _totals(source: _Source, wording: Wording) -> dict[str, Any]:
    invoice = source.invoice
    found: list[tuple[str, int, bool]] = []
    on_document = [row for row in source.allowances if row["line_no"] is None]
    if on_document:
        found.append((wording.say("totals.lines"), invoice["line_total_cents"], False))
    for row in on_document:
        cents = row["amount_cents"] if row["is_charge"] else -row["amount_cents"]
        found.append((_allowance_label(row, wording), cents, False))
    found.append((wording.say("totals.net"), invoice["net_total_cents"], False))
    for row in source.vat:
        base = wording.amount(row["taxable_cents"])
        label = wording.say("totals.vat", rate=_rate(row, source.vat, wording), base=base)
        found.append((label, row["tax_cents"], False))
    found.append((wording.say("totals.total"), invoice["total_cents"], True))
    if invoice["prepaid_cents"]:
        found.append((wording.say("totals.prepaid"), -invoice["prepaid_cents"], False))
    if invoice["rounding_cents"]:
        found.append((wording.say("totals.rounding"), invoice["rounding_cents"], False))
    due = invoice["due_cents"]

    def shown(rows: list[tuple[str, int, bool]]) -> list[dict[str, Any]]:
        return [{"label": t, "amount": wording.amount(cents), "strong": s} for t, cents, s in rows]

    return {
        "rows": shown(found),
        "due_label": wording.say("totals.credit" if due < 0 else "totals.due"),
        "due_amount": wording.money(abs(due), invoice["currency"]),
        "after": shown(settlement_rows(invoice, wording)),
    }


def _rate(row: Row, vat: list[Row], wording: Wording) -> str:
    """The rate, with its category where two share it (reverse charged and exempt, both 0 %)."""
    text = wording.percent(row["vat_rate_bp"])
    shared = sum(other["vat_rate_bp"] == row["vat_rate_bp"] for other in vat) > 1
    return f"{text} ({row['vat_category']})" if shared else text


def _vat_reasons(vat: list[Row], lines: list[Row], wording: Wording) -> list[str]:
    by_line = {row["vat_category"]: row["exemption_reason"] for row in lines if row["exemption_reason"]}
    ours = wording.texts["vat_reasons"]
    reasons = []
    for row in vat:
        category = row["vat_category"]
        if category == "S":
            continue
        reason = row["exemption_reason"] or by_line.get(category) or ours.get(category, "")
        text = " ".join(line(part) for part in (reason, row["exemption_code"]) if part)
        if text:
            reasons.append(f"{_rate(row, vat, wording)}: {text}")
    return list(dict.fromkeys(reasons))
