"""The sections of invoices and lines, of open items and of payments."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

import pandas as pd

from invoicebatch.ingest.guess.entries import Section, column, constant, derived, text
from invoicebatch.ingest.guess.parties import customer_key
from invoicebatch.ingest.guess.samples import sign_in
from invoicebatch.ingest.guess.seen import Seen
from invoicebatch.ingest.guess.vat import put_vat, rate_term
from invoicebatch.ingest.guess.words import value_of

_OF_INVOICES: Final = [
    "currency",
    "invoice_date",
    "due_date",
    "payment_term_days",
    "period_start",
    "period_end",
    "delivery_date",
    "buyer_reference",
    "order_reference",
    "contract_reference",
    "note",
]
_OF_LINES: Final = ["description", "quantity", "unit", "item_id"]
AMOUNTS: Final = ("price", "net", "total")
_CENT: Final = Decimal("0.01")


def document_key(seen: Seen) -> tuple[str, str, list[str]]:
    """What tells documents apart: TOML, doubt, and the headers it is made of."""
    if seen.has("external_id"):
        return (
            text(seen.roles["external_id"].header),
            seen.doubt("external_id"),
            [seen.roles["external_id"].header],
        )
    customer = customer_key(seen)
    roles = [customer[0]] if customer else []
    roles += [
        role for role in ("period_start", "invoice_date", "due_date", "period_end") if role in seen.roles
    ][:1]
    headers = [seen.roles[role].header for role in roles]
    joined = " & '-' & ".join(column(header) for header in headers)
    return (
        derived(joined),
        "the file has no invoice number; the same words in two files are the same invoice",
        headers,
    )


def invoices(seen: Seen) -> Section:
    """The documents of a file of amounts: one a row, or one for all rows of a number."""
    section = Section("invoices")
    key, doubt, headers = document_key(seen)
    if _repeated(seen, headers):
        if len(headers) == 1:
            section.add("group_by", text(headers[0]))
        else:
            doubt += (
                "; rows of one document repeat it: name one column that tells documents apart as group_by"
            )
    section.add("external_id", key, doubt)
    _kind(seen, section, headers)
    customer = customer_key(seen)
    if customer:
        section.add("customer_id", text(seen.roles[customer[0]].header), customer[1])
        seen.taken.add(seen.roles[customer[0]].header)
    else:
        section.add("customer_id", constant(""), "the file names no customer", open=True)
    _account(seen, section)
    for role in _OF_INVOICES:
        seen.put(section, role)
    if not seen.has("currency"):
        _sign_as_currency(seen, section)
    if not _repeated(seen, headers) and _adds_up(seen):
        seen.put(section, "total")
    seen.taken.update(headers)
    return section


def lines(seen: Seen) -> Section:
    """The lines of a file of amounts."""
    section = Section("lines")
    key, doubt, headers = document_key(seen)
    section.add("external_id", key, doubt)
    if seen.has("name"):
        seen.put(section, "name")
    else:
        section.add("name", constant("Services"), "the file says nothing of what was sold")
    for role in _OF_LINES:
        seen.put(section, role)
    _price(seen, section)
    put_vat(seen, section)
    seen.taken.update(headers)
    return section


def open_items(seen: Seen) -> Section:
    """What is still to be paid of another system's invoices."""
    section = Section("open_items")
    section.comments.append(
        "is this a list of what is still open? If the invoices are to be made here, say --kind invoices"
    )
    seen.put(section, "number", "external_id")
    seen.put(section, "external_id")
    seen.put(section, "customer_id")
    _account(seen, section)
    for role in ("invoice_date", "due_date", "outstanding", "currency"):
        seen.put(section, role)
    return section


def payments(seen: Seen) -> Section:
    """What customers paid of invoices that are named."""
    section = Section("payments")
    seen.put(section, "external_id")
    seen.put(section, "booked_on", seen.first("booked_on", "invoice_date"))
    seen.put(section, "amount", seen.first("amount", "total"))
    seen.put(section, "reference")
    return section


def _repeated(seen: Seen, headers: list[str]) -> bool:
    frame = pd.DataFrame({header: seen.columns[header].to_pylist() for header in headers})
    return bool(frame.dropna().duplicated().any())


def _kind(seen: Seen, section: Section, headers: list[str]) -> None:
    """Which documents are credit notes, where amounts below zero are in the file."""
    if seen.has("kind"):
        seen.put(section, "kind")
        return
    sums = _sums(seen, headers)
    if sums is None or not (sums < 0).any():
        return
    below = {str(key)[:1] for key in sums.index[sums < 0]}
    above = {str(key)[:1] for key in sums.index[sums > 0]}
    if len(headers) == 1 and len(below) == 1 and not below & above:
        letter = below.pop()
        kind = f"'credit_note' if starts_with({column(headers[0])}, {letter!r}) else 'invoice'"
        section.add(
            "kind", derived(kind), f"documents below zero begin with {letter!r}: are these the credit notes?"
        )
    elif not _repeated(seen, headers):
        role = seen.first("total", "net", "price")
        kind = f"'credit_note' if {seen.term(str(role))} < 0 else 'invoice'"
        section.add("kind", derived(kind), "documents below zero are credit notes")
    else:
        kind = "'credit_note' if … else 'invoice'"
        section.add(
            "kind", derived(kind), "some documents are below zero: what tells credit notes?", open=True
        )


def _sums(seen: Seen, headers: list[str]) -> "pd.Series[Any] | None":
    """The amount of each document."""
    role = seen.first("total", "net", "price")
    if role is None:
        return None
    amounts = seen.numbers(role)
    if role == "price" and seen.has("quantity"):
        amounts = amounts * seen.numbers("quantity")
    keys = pd.DataFrame({header: seen.columns[header].to_pylist() for header in headers})
    key = keys[headers[0]] if len(headers) == 1 else keys.fillna("").sum(axis=1)
    return amounts.dropna().astype("float64").groupby(key).sum()


def _account(seen: Seen, section: Section) -> None:
    known = seen.known.accounts
    if len(known) > 1:
        doubt = f"which company account sends these: {', '.join(known)}?"
        section.add("company_account_id", constant(known[0]), doubt, open=True)


def _sign_as_currency(seen: Seen, section: Section) -> None:
    role = seen.first(*AMOUNTS)
    sign = sign_in(seen.cells(role)) if role else None
    if sign:
        section.add(
            "currency", constant(value_of("currency", sign) or sign), f"amounts are written with {sign}"
        )


def _price(seen: Seen, section: Section) -> None:
    """The price of a line: as the file has it, else its net amount, else what is left of the gross one."""
    if seen.has("price"):
        seen.put(section, "price")
    elif seen.has("net", "quantity"):
        price = derived(f"{seen.term('net')} / {seen.term('quantity')}")
        section.add("price", price, "the net amount by the quantity")
    elif seen.has("net"):
        seen.put(section, "price", "net")
    elif seen.has("vat_total"):
        section.add("price", derived(f"{seen.term('total')} - {seen.term('vat_total')}"), "total less VAT")
    elif seen.has("vat_rate"):
        price = f"round({seen.term('total')} * 100 / (100 + {rate_term(seen)}), 2)"
        section.add("price", derived(price), "the total is taken to hold VAT, which is taken out")
    else:
        seen.put(section, "price", "total", "is this amount without VAT? Prices are")


def _adds_up(seen: Seen) -> bool:
    """Whether totals are net amounts with their VAT, in every row, so that they can be checked."""
    if not seen.has("total", "net") or not seen.first("vat_rate", "vat_total"):
        return False
    net, total = seen.numbers("net"), seen.numbers("total")
    if seen.has("vat_rate"):
        tax = net * seen.numbers("vat_rate") / 100
        tax = tax.map(lambda one: one.quantize(_CENT, ROUND_HALF_UP), na_action="ignore")
    else:
        tax = seen.numbers("vat_total")
    whole = pd.DataFrame({"found": net + tax, "total": total}).dropna()
    return bool((whole["found"] == whole["total"]).all())
