"""Seller and buyer as a document names them, and the fields the law wants of both.

Addresses, references and the footer live here; amounts don't.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from invoicebatch.formats.pdf.text import Row, grouped, line
from invoicebatch.formats.pdf.wording import Wording
from invoicebatch.model.payments.amount_due import Situation

_TOWN_FIRST: Final = frozenset({"GB", "IE", "US", "CA", "AU"})
_ASKS: Final = frozenset({Situation.PAY, Situation.DEBIT})
_UNTAXED: Final = frozenset({"E", "O"})
_NEEDS_BUYER_VAT: Final = frozenset({"AE", "K"})


def address_lines(party: Mapping[str, Any], home: str | None, wording: Wording) -> list[str]:
    """Street, second line, town and, abroad, the country, as the post wants them."""
    postcode, city = line(party["postcode"]), line(party["city"])
    if party["country"] in _TOWN_FIRST:
        town = [", ".join(part for part in (city, line(party.get("region"))) if part), postcode]
    else:
        town = [f"{postcode} {city}".strip()]
    abroad = party["country"] and party["country"] != home
    country = [wording.country(party["country"])] if abroad else []
    street = [line(party["street"]), line(party["street_extra"])]
    return [text for text in (*street, *town, *country) if text]


def seller_block(account: Row, wording: Wording) -> dict[str, Any]:
    """Name for the letterhead, the legal name, and the sender's line above the address window."""
    legal = line(account["legal_name"] or account["name"])
    parts = [legal, *address_lines(account, account["country"], wording)]
    return {
        "name": line(account["name"]),
        "legal_name": legal,
        "return_line": " · ".join(parts),
    }


def footer(account: Row, wording: Wording) -> list[list[str]]:
    """Three columns of small print: who, registrations, and how to reach or pay them."""
    who = [line(account["legal_name"] or account["name"])]
    who += address_lines(account, account["country"], wording)
    registered = [
        f"{wording.say(f'page.{name}')} {line(account[name])}"
        for name in ("vat_id", "legal_id")
        if account[name]
    ]
    bank = f"IBAN {grouped(account['iban'])}" if account["iban"] else ""
    reach = [line(account[name]) for name in ("phone", "email", "website")]
    registered += [line(account["legal_form"]), bank]
    return [[text for text in column if text] for column in (who, registered, reach)]


def buyer_block(buyer: Row, account: Row, wording: Wording) -> dict[str, Any]:
    """The lines of the address window."""
    contact = line(buyer["contact_name"])
    name = line(buyer["name"])
    attention = [f"{wording.say('page.attention')} {contact}"] if contact and contact != name else []
    return {
        "name": name,
        "address": [name, *attention, *address_lines(buyer, account["country"], wording)],
    }


def meta(invoice: Row, buyer: Row, wording: Wording) -> list[list[str]]:
    """What the document is about, as label and value; only what is known."""
    preceding = line(invoice["preceding_number"])
    if preceding and invoice["preceding_date"]:
        preceding += f" ({wording.day(invoice['preceding_date'])})"
    values = {
        "number": line(invoice["number"]),
        "invoice_date": _day(invoice["invoice_date"], wording),
        "due_date": _day(invoice["due_date"], wording) if invoice["situation"] in _ASKS else "",
        "period": wording.period(invoice["period_start"], invoice["period_end"]),
        "delivery_date": _day(invoice["delivery_date"], wording),
        "customer_id": line(invoice["customer_id"]),
        "customer_vat": line(buyer["vat_id"]),
        "customer_legal": line(buyer["legal_id"]) if buyer["is_business"] else "",
        "preceding": preceding,
        **{
            name: line(invoice[name])
            for name in ("buyer_reference", "order_reference", "contract_reference", "project_reference")
        },
    }
    return [[wording.say(f"meta.{name}"), value] for name, value in values.items() if value]


def _day(value: Any, wording: Wording) -> str:
    return wording.day(value) if value else ""


def missing_fields(invoice: Row, buyer: Row, account: Row, categories: frozenset[str]) -> Iterator[str]:
    """Fields that Directive 2006/112/EC article 226 wants on a document and that are empty.

    Args:
        invoice: overview columns.
        buyer: row of customers.
        account: row of company_accounts.
        categories: VAT categories of the document.
    """
    for name in ("number", "invoice_date", "currency"):
        if not invoice[name]:
            yield f"invoices.{name}"
    if not (account["legal_name"] or account["name"]):
        yield "company_accounts.name"
    yield from (f"company_accounts.{name}" for name in ("city", "country") if not account[name])
    taxed = categories - _UNTAXED
    if taxed and invoice["kind"] != "statement" and not account["vat_id"]:
        yield "company_accounts.vat_id"
    yield from (f"customers.{name}" for name in ("name", "city") if not buyer[name])
    if categories & _NEEDS_BUYER_VAT and not buyer["vat_id"]:
        yield "customers.vat_id"
