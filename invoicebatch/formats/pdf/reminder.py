"""A reminder as a document: its letter, the invoices it is about, what is asked and how to pay it, in one code.

What it says comes from the mail templates; how it looks from the document templates, as a statement's does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Final

from invoicebatch.errors import RenderError
from invoicebatch.formats.pdf.data import Document
from invoicebatch.formats.pdf.payment import transfer_details
from invoicebatch.formats.pdf.render import render
from invoicebatch.formats.pdf.seller_and_buyer import buyer_block, footer, seller_block
from invoicebatch.formats.pdf.template import load_template
from invoicebatch.formats.pdf.text import Row, line, paragraph
from invoicebatch.formats.pdf.wording import Wording
from invoicebatch.model.ident import sha256_json

LAYOUT: Final = "reminder"


@dataclass(frozen=True, slots=True)
class ReminderPage:
    """What a reminder says on paper.

    Attributes:
        buyer: row of customers.
        account: row of company_accounts.
        language: of its words.
        currency: of its amounts.
        day: when it is written.
        subject: its heading.
        text: its letter, plain.
        table: head, rows, sums: cells of text; right: columns on the right.
        asked: label and amount of what is asked, apart; the sum is last.
        total_cents: that sum.
        reference: what to pay with, as it is printed.
        folders: that override the shipped template.
    """

    buyer: Row
    account: Row
    language: str
    currency: str
    day: date
    subject: str
    text: str
    table: Mapping[str, Any]
    asked: Sequence[tuple[str, str]]
    total_cents: int
    reference: str
    folders: tuple[Path, ...] = ()


def page_pdf(page: ReminderPage) -> bytes | str:
    """The PDF of a page, or why it can't be made; the same page gives the same bytes."""
    try:
        template = load_template(page.folders)
        return render(reminder_document(page, template.wording(page.language)), template)
    except RenderError as error:
        return str(error)


def reminder_document(page: ReminderPage, wording: Wording) -> Document:
    """What the page says, ready for its template."""
    content = _content(page, replace(wording, currency=page.currency))
    return Document(0, page.account["company_account_id"], LAYOUT, wording, content, sha256_json(content))


def _content(page: ReminderPage, wording: Wording) -> dict[str, Any]:
    day = page.day
    meta = {"invoice_date": wording.day(day), "customer_id": line(page.buyer["customer_id"])}
    details = transfer_details(page.account, page.reference, page.total_cents, page.currency, wording)
    payment = {"details": [], "code": "", "qr": "", "qr_alt": "", "terms": "", **details}
    label, amount = page.asked[-1]
    return {
        "kind": LAYOUT,
        "language": wording.language,
        "title": line(page.subject),
        "number": "",
        "currency": page.currency,
        "document_date": {"year": day.year, "month": day.month, "day": day.day},
        "long": False,
        "seller": seller_block(page.account, wording),
        "buyer": buyer_block(page.buyer, page.account, wording),
        "meta": [[wording.say(f"meta.{name}"), value] for name, value in meta.items() if value],
        "text": [paragraph(part).split("\n") for part in page.text.strip().split("\n\n")],
        "table": {name: page.table[name] for name in ("head", "rows", "sums", "right")},
        "lines": [],
        "advances": [],
        "totals": {
            "rows": [{"label": label, "amount": amount} for label, amount in page.asked[:-1]],
            "due_label": label,
            "due_amount": amount,
        },
        "payment": {"label": label, "amount": amount, **payment},
        "footer": footer(page.account, wording),
    }
