"""The grid's columns: which of the overview's columns it shows, how wide, and under which label.

The views that come with the grid are made of them here.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from invoicebatch.files.glossary import meaning
from invoicebatch.interfaces.lab.filters import Filter
from invoicebatch.model.readable import FIRST
from invoicebatch.model.schema import OVERVIEW
from invoicebatch.model.words import words

OFFERED: Final = (
    *FIRST, "external_id", "kind", "customer_id", "account_name", "currency", "net_total_cents",
    "vat_total_cents", "paid_cents", "credited_cents", "period_start", "period_end", "payment_method",
    "delivery_preference",
    "customer_email", "customer_city", "customer_country", "shipping_channel", "sent_at", "changed_since_sent",
    "exported_at",
    "order_reference", "buyer_reference", "buyer_answer", "busy_run", "busy_action", "busy_since", "mandate_status",
    "case_status", "plan_status", "return_code", "returned_on", "return_count", "failure", "review_reasons",
    "invoice_id",
)  # fmt: skip
"""Columns a person may add."""


def _view(name: str, **filters: list[Any] | Filter) -> dict[str, Any]:
    """A view in the form in which a person's own are kept; a list is of values to be among."""
    chosen = {key: {"in": value} if isinstance(value, list) else value for key, value in filters.items()}
    return {"name": name, "filters": chosen, "search": "", "sort": [], "keys": list(FIRST)}


SHIPPED_VIEWS: Final[tuple[dict[str, Any], ...]] = (
    _view("To approve", status=["empty"]),
    _view("To create", status=["approved"]),
    _view("To send", status=["created"], shipping_status=["to_send"]),
    _view("Overdue", payment_status=["overdue"]),
    _view("Failed", status=["approval_failed", "generation_failed"]),
    _view("Sending failed", shipping_status=["failed"]),
    _view("In doubt", shipping_status=["sending"], busy_run=[None]),
    _view(
        "Rejected by the bank", payment_status=["open", "partly_paid", "overdue"], return_count={"from": 1}
    ),
    _view("Rejected by the buyer", buyer_answer=["rejected"]),
    {
        "name": "Changed since sent",
        "filters": {"changed_since_sent": {"in": [True]}},
        "search": "",
        "sort": [["sent_at", False]],
        "keys": ["number", "customer_name", "shipping_status", "shipping_channel", "sent_at", "total_cents"],
    },
)
"""Views that come with the grid."""

_WIDTHS: Final = {
    "number": 132, "external_id": 120, "customer_name": 136, "failure": 260, "total_cents": 96, "outstanding_cents": 102, "customer_email": 200,
    "kind": 112, "status": 140, "shipping_status": 142, "payment_status": 105, "export_status": 110, "review": 84, "days_overdue": 106,
    "review_reasons": 260,
}  # fmt: skip
_BY_KIND: Final = {"money": 108, "date": 107, "timestamp": 150, "integer": 96, "boolean": 90}


@dataclass(frozen=True, slots=True)
class GridColumn:
    """One column of the grid; `kind` is the schema's type name, `choices` value → label, `help` what it means."""

    key: str
    label: str
    kind: str
    width: int
    choices: dict[str, str]
    help: str

    def describe(self) -> dict[str, Any]:
        """The column as the browser wants it."""
        return {
            "key": self.key,
            "label": self.label,
            "kind": self.kind,
            "width": self.width,
            "choices": self.choices,
            "help": self.help,
        }


def column(key: str) -> GridColumn:
    """The grid's column of an overview column."""
    source = OVERVIEW[key].column
    kind = source.type.value
    width = _WIDTHS.get(key, _BY_KIND.get(kind, 130))
    label = words(key)
    help_text = meaning(source.name, label) or source.meaning
    return GridColumn(key, label, kind, width, {value: words(value) for value in source.values}, help_text)


def columns(present: Iterable[str]) -> list[GridColumn]:
    """The columns a grid can offer over a frame with these columns."""
    names = set(present)
    return [column(key) for key in OFFERED if key in names]
