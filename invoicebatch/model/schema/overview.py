"""The invoice overview: one flat row an invoice, with what its customer, mandate and account add.

Filters, eligibility facts, the grid and the selection sheet all speak of these columns. Each is a
`Column` and the SQL it comes from; a source is joined only where one of its columns is asked for.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from invoicebatch.model.schema.invoices import INVOICES
from invoicebatch.model.schema.parties import COMPANY_ACCOUNTS, CUSTOMERS, MANDATES
from invoicebatch.model.schema.payments import COLLECTION_CASES, PAYMENT_BUNDLES, PAYMENT_PLANS
from invoicebatch.model.schema.review import JUDGED
from invoicebatch.model.schema.types import (
    Column,
    Table,
    Type,
    boolean,
    choice,
    day,
    integer,
    text,
    timestamp,
)
from invoicebatch.model.status import WAITING, BuyerAnswer, PaymentStatus, Verdict

JOINS: Final[Mapping[str, str]] = {
    "c": "LEFT JOIN customers c ON c.customer_id = i.customer_id",
    "m": (
        "LEFT JOIN (SELECT * FROM mandates QUALIFY row_number() OVER (PARTITION BY customer_id"
        " ORDER BY status <> 'active', signed_on DESC, mandate_id) = 1) m"
        " ON m.customer_id = i.customer_id"
    ),
    "a": "LEFT JOIN company_accounts a ON a.company_account_id = i.company_account_id",
    "k": "LEFT JOIN collection_cases k ON k.case_id = i.collection_case_id",
    "o": (
        "LEFT JOIN (SELECT * FROM invoices WHERE invoice_id IN (SELECT credit_of FROM invoices)) o"
        " ON o.invoice_id = i.credit_of"
    ),
    "j": (
        "LEFT JOIN (SELECT w.invoice_id, coalesce('credit note ' || w.number,"
        " concat_ws(' of ', 'a credit note not yet created', u.name)) AS called FROM invoices w"
        " LEFT JOIN customers u ON u.customer_id = w.customer_id WHERE w.credit_of IS NOT NULL) j"
        " ON j.invoice_id = i.credited_by"
    ),
    "b": "LEFT JOIN payment_bundles b ON b.bundle_id = i.payment_bundle_id",
    "p": "LEFT JOIN payment_plans p ON p.plan_id = i.payment_plan_id",
    "n": (
        "LEFT JOIN (SELECT plan_id, min(due_date) AS due_date FROM instalments WHERE paid < amount"
        " GROUP BY plan_id) n ON n.plan_id = i.payment_plan_id"
    ),
    "q": (
        "LEFT JOIN (SELECT invoice_id, max(booked_on) FILTER (WHERE amount > 0) AS paid_on FROM payments"
        " GROUP BY invoice_id) q ON q.invoice_id = i.invoice_id"
    ),
    "v": "LEFT JOIN review_findings v ON v.invoice_id = i.invoice_id",
    "s": (
        "LEFT JOIN (SELECT invoice_id, max(document_version) FILTER (WHERE sent_at IS NOT NULL) AS sent_version,"
        " min(created_at) AS first_at, max(created_at) AS last_at FROM documents GROUP BY invoice_id) s"
        " ON s.invoice_id = i.invoice_id"
    ),
    "r": (
        "LEFT JOIN (SELECT * FROM buyer_answers QUALIFY row_number() OVER (PARTITION BY invoice_id"
        " ORDER BY answered_at DESC, received_at DESC, answer_id DESC) = 1) r ON r.invoice_id = i.invoice_id"
    ),
    "h": (
        "LEFT JOIN (SELECT l.invoice_id, l.run_id, u.action, u.created_at FROM claims l"
        " LEFT JOIN runs u ON u.run_id = l.run_id) h ON h.invoice_id = i.invoice_id"
    ),
}
"""Joins by alias; of several mandates the newest active one counts."""

PAYMENT_STATUS_SQL: Final = (
    "CASE WHEN i.payment_bundle_id IS NOT NULL THEN 'in_payment'"
    " WHEN (i.outstanding = 0 OR i.outstanding < 0 AND i.paid > 0) AND i.status = 'created' THEN 'paid'"
    " WHEN i.outstanding > 0 AND i.due_date < $today AND i.status = 'created' THEN 'overdue'"
    " WHEN i.paid <> 0 THEN 'partly_paid' ELSE 'open' END"
)

CHANGED_SINCE_SENT_SQL: Final = (
    "coalesce(i.shipping_status = 'sent' AND CASE WHEN i.shipping_channel = 'marked'"
    " THEN s.first_at <= i.sent_at AND s.last_at > i.sent_at"
    " ELSE s.sent_version < i.document_version END, false)"
)
"""A channel notes on the version that it was sent; of a mark only the moment is known."""


_JUDGED: Final = (
    f"i.status IN ({', '.join(repr(status.value) for status in WAITING)})"
    f" AND (SELECT count(*) FROM meta WHERE key = '{JUDGED}') = 1"
)
_TO_LOOK_AT: Final = "v.looks IS NOT NULL AND i.reviewed IS NULL"
REVIEW_SQL: Final = (
    f"CASE WHEN NOT ({_JUDGED}) THEN NULL WHEN v.stops IS NOT NULL THEN 'stop'"
    f" WHEN {_TO_LOOK_AT} THEN 'look' ELSE 'fine' END"
)
"""What was not judged is not fine; what was looked at need not be looked at again."""

REVIEW_REASONS_SQL: Final = f"CASE WHEN {_JUDGED} THEN nullif(concat_ws('; ', v.stops, CASE WHEN {_TO_LOOK_AT} THEN v.looks END), '') END"


@dataclass(frozen=True, slots=True)
class Derived:
    """An overview column: how it looks, the alias it needs, and its SQL."""

    column: Column
    alias: str
    sql: str


def _from(table: Table, alias: str, prefix: str, names: Iterable[str]) -> Iterable[Derived]:
    by_name = {column.name: column for column in table.columns}
    for name in names:
        source = by_name[name]
        shown = name if name.startswith(prefix) or not prefix else f"{prefix}_{name}"
        column = Column(shown, source.type, source.meaning, choices=source.choices, unit=source.unit)
        yield Derived(column, alias, f'{alias}."{name}"')


_CUSTOMER_COLUMNS = (
    "name", "is_business", "legal_id", "legal_id_scheme", "vat_id", "street", "street_extra",
    "postcode", "city", "country", "email", "language", "endpoint_id", "endpoint_scheme", "siret",
    "service_code", "iban", "bic", "account_holder", "skip_if_direct_debit",
)  # fmt: skip

_OF_ORIGINAL: Final = {"preceding_number": "number", "preceding_date": "invoice_date"}
"""What a credit note names of its original, which may get it later than the note was made."""


def _own(column: Column) -> Derived:
    sql = f'i."{column.name}"'
    if column.name not in _OF_ORIGINAL:
        return Derived(column, "i", sql)
    return Derived(column, "o", f"coalesce({sql}, o.{_OF_ORIGINAL[column.name]})")


_DERIVED: tuple[Derived, ...] = (
    *(_own(column) for column in INVOICES.columns),
    *_from(CUSTOMERS, "c", "customer", _CUSTOMER_COLUMNS),
    *_from(CUSTOMERS, "c", "", ("payment_method", "delivery_preference")),
    *_from(
        MANDATES, "m", "mandate",
        ("mandate_id", "scheme", "sequence_type", "status", "iban", "bic", "account_holder",
         "signed_on", "last_used_on", "previous_mandate_id", "previous_iban", "suspended_because", "notice_days"),
    ),
    Derived(
        boolean("mandate_waits", "A collection by its mandate waits in a live payment bundle"), "m",
        "coalesce(m.mandate_id IN (SELECT t.mandate_id FROM live_bundle_items l JOIN bundle_items t"
        " ON t.bundle_id = l.bundle_id AND t.invoice_id = l.invoice_id WHERE t.mandate_id IS NOT NULL), false)",
    ),
    *_from(
        COMPANY_ACCOUNTS, "a", "account",
        ("name", "currency", "iban", "bic", "creditor_id", "country", "language", "endpoint_id", "due_on_weekdays"),
    ),
    *_from(COLLECTION_CASES, "k", "case", ("status", "flow", "next_step_on")),
    Derived(
        boolean("case_step_due", "An active collection case has a step due today or earlier"), "k",
        "coalesce(k.status = 'active' AND k.next_step_on <= $today, false)",
    ),
    *_from(PAYMENT_BUNDLES, "b", "bundle", ("status",)),
    *_from(PAYMENT_PLANS, "p", "plan", ("status",)),
    Derived(
        day("plan_next_due_on", "When the first unpaid instalment of its payment plan is due"), "n",
        "n.due_date",
    ),
    Derived(
        boolean("changed_since_sent", "Sent, and its present document is newer than the one that was sent"),
        "s", CHANGED_SINCE_SENT_SQL,
    ),
    Derived(
        integer("sent_version", "Latest version of its document that a channel of ours sent; empty: none"), "s",
        "s.sent_version",
    ),
    Derived(text("busy_run", "First characters of the id of the run that holds it; empty: none"), "h", "left(h.run_id, 8)"),
    Derived(text("busy_action", "The action of that run"), "h", "h.action"),
    Derived(timestamp("busy_since", "When that run began"), "h", "h.created_at"),
    Derived(choice("buyer_answer", BuyerAnswer, "What the buyer last said of the electronic invoice"), "r", "r.status"),
    Derived(
        text("buyer_answer_reason", "Why, and what the buyer asks for"), "r",
        "CASE WHEN r.status IS NOT NULL THEN coalesce(nullif(concat_ws('; asks for ', nullif(r.reason, ''),"
        " nullif(r.asked, '')), ''), 'no reason given') END",
    ),
    Derived(timestamp("buyer_answered_at", "When the buyer said so"), "r", "r.answered_at"),
    Derived(
        day("paid_on", "When it was paid in full; empty: something is open, or no payment is known"), "q",
        "CASE WHEN i.outstanding <= 0 THEN q.paid_on END",
    ),
    Derived(
        integer("days_overdue", "Days since an open amount was due; empty: nothing is overdue"), "i",
        "CASE WHEN i.outstanding > 0 AND i.due_date < $today AND i.status = 'created'"
        " THEN date_diff('day', i.due_date, $today) END",
    ),
    Derived(
        choice("review", Verdict, "What the review makes of it before it is approved; empty: not judged"), "v",
        REVIEW_SQL,
    ),
    Derived(text("review_reasons", "What the review finds odd about it"), "v", REVIEW_REASONS_SQL),
    Derived(text("credited_by_note", "What people call the credit note that ends it; empty: none does"), "j", "j.called"),
    Derived(
        choice("payment_status", PaymentStatus, "How far it is paid; derived"), "i", PAYMENT_STATUS_SQL
    ),
)  # fmt: skip

OVERVIEW: Final[Mapping[str, Derived]] = {d.column.frame_name: d for d in _DERIVED}
"""Every overview column by its frame name."""


def needs_today(frame_names: Iterable[str]) -> bool:
    """Whether a SELECT of these columns has the parameter `$today`."""
    return any("$today" in OVERVIEW[name].sql for name in frame_names)


def overview_sql(
    frame_names: Iterable[str],
    extra_join: str = "",
    money: str = "cents",
    presence: Collection[str] = (),
    further: str = "",
) -> str:
    """SELECT of the overview with the named columns; `$today` is a parameter.

    Args:
        frame_names: columns of `OVERVIEW`.
        extra_join: a further JOIN against alias `i`, such as one to the wanted ids.
        presence: text columns that come as `*` where they hold anything, else as missing.
        money: `cents` for frame values, `decimal` for DECIMAL columns under their stored name.
        further: columns of the further JOIN, as SQL; they come last.
    """
    names = list(frame_names)
    wanted = [OVERVIEW[name] for name in names]
    joins = " ".join(JOINS[alias] for alias in JOINS if any(d.alias == alias for d in wanted))
    columns = ", ".join(
        d.column.select_sql(_presence(d) if name in presence else d.sql)
        if money == "cents"
        else f'{d.sql} AS "{d.column.name}"'
        for name, d in zip(names, wanted, strict=True)
    )
    return f"SELECT {columns}{further and f', {further}'} FROM invoices i {extra_join} {joins}"


def _presence(derived: Derived) -> str:
    if derived.column.type not in (Type.TEXT, Type.JSON):
        return derived.sql
    return f"CASE WHEN nullif({derived.sql}, '') IS NOT NULL THEN '*' END"
