"""A statement of account as a document: balances, entries and what is to be paid, in the customer's language.

What is owed is reckoned in `model`; which customers get one is decided by the action.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from itertools import accumulate
from pathlib import Path
from typing import Any, Final

from invoicebatch.errors import RenderError
from invoicebatch.formats.pdf.data import Document
from invoicebatch.formats.pdf.payment import payment_reference, transfer_details
from invoicebatch.formats.pdf.render import render
from invoicebatch.formats.pdf.seller_and_buyer import buyer_block, footer, seller_block
from invoicebatch.formats.pdf.template import load_template
from invoicebatch.formats.pdf.text import Row, line
from invoicebatch.formats.pdf.wording import Wording
from invoicebatch.model.ident import sha256_json
from invoicebatch.model.payments.ledger import CREDIT, EARLIER, PAYMENT, RETURNED, WRITE_OFF
from invoicebatch.model.payments.reference import printed

JOB_STATEMENTS: Final = 20
"""Statements a job for one process."""

LAYOUT: Final = "account_statement"

_MOST_REFERENCE: Final = 140


@dataclass(frozen=True, slots=True)
class Statement:
    """What one statement is about.

    Attributes:
        buyer: row of customers.
        account: row of company_accounts.
        currency: of all its amounts.
        start: first day of the period.
        end: last day of the period.
        today: the day it is made, by which what is open is told.
        opening_cents: what was open before the first day.
        entries: what happened in the period: day, what, kind, number, due, amount_cents.
        open_items: documents with anything open today: number, remittance_reference, due, in_payment,
            amount_cents.
        is_collected: what is open will be debited.
    """

    buyer: Row
    account: Row
    currency: str
    start: date
    end: date
    today: date
    opening_cents: int
    entries: tuple[Row, ...]
    open_items: tuple[Row, ...]
    is_collected: bool

    @property
    def closing_cents(self) -> int:
        """What is open at the end of the period."""
        return self.opening_cents + sum(int(row["amount_cents"]) for row in self.entries)


@dataclass(frozen=True, slots=True)
class StatementJob:
    """A few statements for one process.

    Attributes:
        statements: what they are about.
        folders: by company account, the folders that override the shipped template.
        broken: by company account, why it has no template.
        language: where neither customer nor account has one.
    """

    statements: tuple[Statement, ...]
    folders: Mapping[str, tuple[Path, ...]]
    broken: Mapping[str, str]
    language: str


def render_statements(job: StatementJob) -> list[bytes | str]:
    """The PDF of each statement, or why it can't be made."""
    return [_rendered(statement, job) for statement in job.statements]


def _rendered(statement: Statement, job: StatementJob) -> bytes | str:
    account = statement.account
    account_id = account["company_account_id"]
    if account_id in job.broken:
        return job.broken[account_id]
    try:
        template = load_template(job.folders.get(account_id, ()))
        wording = template.wording(statement.buyer["language"], account["language"], job.language)
        return render(statement_document(statement, wording), template)
    except RenderError as error:
        return str(error)


def statement_document(statement: Statement, wording: Wording) -> Document:
    """What the statement says, ready for its template."""
    content = _content(statement, replace(wording, currency=statement.currency))
    account_id = statement.account["company_account_id"]
    return Document(0, account_id, LAYOUT, wording, content, sha256_json(content))


def _content(statement: Statement, wording: Wording) -> dict[str, Any]:
    say, day = _words(wording), statement.today
    closing = statement.closing_cents
    period = {"start": wording.day(statement.start), "end": wording.day(statement.end)}
    end = wording.day(statement.end)
    label = wording.say("totals.credit") if closing < 0 else say("balance_on", date=end)
    amount = wording.money(abs(closing), statement.currency)
    return {
        "kind": LAYOUT,
        "language": wording.language,
        "title": say("title"),
        "number": line(statement.buyer["customer_id"]),
        "intro": say("intro", **period),
        "note": "",
        "currency": statement.currency,
        "document_date": {"year": day.year, "month": day.month, "day": day.day},
        "long": False,
        "seller": seller_block(statement.account, wording),
        "buyer": buyer_block(statement.buyer, statement.account, wording),
        "meta": _meta(statement, wording),
        "lines": [],
        "advances": [],
        "entries": _entries(statement, wording),
        "totals": {
            "rows": [
                {"label": say("opening"), "amount": wording.amount(statement.opening_cents), "strong": True}
                | {"date": period["start"]},
                {"label": say("closing"), "amount": wording.amount(closing), "strong": True} | {"date": end},
            ],
            "after": [],
            "due_label": label,
            "due_amount": amount,
        },
        "payment": {"label": label, "amount": amount, **_payment(statement, wording)},
        "footer": footer(statement.account, wording),
    }


def _words(wording: Wording) -> Any:
    def say(name: str, **values: str) -> str:
        return wording.say(f"{LAYOUT}.{name}", **values)

    return say


def _meta(statement: Statement, wording: Wording) -> list[list[str]]:
    values = {
        "invoice_date": wording.day(statement.today),
        "period": wording.period(statement.start, statement.end),
        "customer_id": line(statement.buyer["customer_id"]),
        "customer_vat": line(statement.buyer["vat_id"]),
    }
    return [[wording.say(f"meta.{name}"), value] for name, value in values.items() if value]


def _entries(statement: Statement, wording: Wording) -> list[dict[str, str]]:
    amounts = [int(row["amount_cents"]) for row in statement.entries]
    balances = list(accumulate(amounts, initial=statement.opening_cents))[1:]
    return [
        {
            "date": wording.day(row["day"]) if row["day"] else "",
            "what": _what(row, wording),
            "due": _due(row, wording),
            "amount": wording.amount(cents),
            "balance": wording.amount(balance),
        }
        for row, cents, balance in zip(statement.entries, amounts, balances, strict=True)
    ]


def _what(row: Row, wording: Wording) -> str:
    number = line(row["number"])
    if row["what"] in (PAYMENT, RETURNED, CREDIT, WRITE_OFF, EARLIER):
        return wording.say(f"{LAYOUT}.{row['what']}", number=number).strip()
    title = wording.say(f"title.{row['what']}")
    return f"{title} {number}".strip()


def _due(row: Row, wording: Wording) -> str:
    asked = row["what"] == row["kind"] and row["amount_cents"] > 0 and row["due"]
    return wording.day(row["due"]) if asked else ""


def _payment(statement: Statement, wording: Wording) -> dict[str, Any]:
    """What is to be paid today; what is with the bank already is not asked for again."""
    items = statement.open_items
    moving = _sum(row for row in items if row["in_payment"] and row["amount_cents"] > 0)
    due = _sum(items) - moving
    block: dict[str, Any] = {"details": [], "code": "", "qr": "", "qr_alt": "", "terms": ""}
    say, amount = _words(wording), wording.money(max(due, 0), statement.currency)
    values = {"amount": amount, "date": wording.day(statement.today, "date_long")}
    sentences = []
    if due <= 0:
        sentences += [] if moving > 0 else [say("nothing", **values)]
    elif statement.is_collected:
        sentences.append(say("collect", **values))
    else:
        sentences.append(say("transfer", **values))
        late = _late(statement, due)
        sentences += [say("overdue", amount=wording.money(late, statement.currency))] if late else []
        reference = _reference(statement)
        block |= transfer_details(statement.account, reference, due, statement.currency, wording)
    if moving > 0:
        sentences.append(say("in_payment", amount=wording.money(moving, statement.currency)))
    return block | {"sentence": " ".join(sentences)}


def _sum(rows: Iterable[Row]) -> int:
    return sum(int(row["amount_cents"]) for row in rows)


def _late(statement: Statement, due: int) -> int:
    """What is overdue of what is to be paid: credits count against it first."""
    rows = [row for row in statement.open_items if not row["in_payment"]]
    late = _sum(row for row in rows if row["due"] and row["due"] < statement.today)
    return max(min(late, due), 0)


def _reference(statement: Statement) -> str:
    """That of the one document to be paid; of several their numbers, or the customer's where they are too many."""
    asked = [row for row in statement.open_items if row["amount_cents"] > 0 and not row["in_payment"]]
    if len(statement.open_items) == len(asked) == 1:
        return printed(payment_reference(asked[0], statement.account), statement.account["country"])
    numbers = ", ".join(line(row["number"]) for row in asked)
    return numbers if len(numbers) <= _MOST_REFERENCE else line(statement.buyer["customer_id"])
