"""History columns: what earlier documents and the rest of the billing run say of a document.

They are computed for a review and stored nowhere; conditions of rules/review.toml read them beside the overview.
"""

from collections.abc import Mapping
from typing import Final

from invoicebatch.model.schema.types import Column, Table, day, integer, money, percent, text

_EARLIER: Final = (
    integer("earlier_documents", "Documents before it of the customer, of that kind, account and currency"),
    money("usual_total", "Median of their totals", required=False),
    percent("total_share", "Total in percent of that median"),
    money("total_difference", "Total and median apart", required=False),
    text("missing_products", "Products that all of them have and it has not"),
)
_METERS: Final = (
    text("previous_meter", "Meter that moved most against the period before"),
    integer("previous_usage", "Usage of that meter now"),
    integer("previous_expected", "Usage of as many days as in the period before"),
    percent("previous_share", "Usage in percent of that"),
    integer("previous_difference", "Both apart"),
    text("yearly_meter", "Meter that moved most against a year ago"),
    integer("yearly_usage", "Usage of that meter now"),
    integer("yearly_expected", "Usage of as many days as a year ago"),
    percent("yearly_share", "Usage in percent of that"),
    integer("yearly_difference", "Both apart"),
    integer("gap_days", "Days between its readings and those before; below zero: read twice"),
    day("read_until", "Last day that was read before"),
)
PAST: Final = frozenset(c.frame_name for c in (*_EARLIER, *_METERS) if c.name != "missing_products")
"""Columns (frame names) that are missing where a document has no history to be compared with."""

_OF_ITSELF: Final = (
    integer("least_usage", "Smallest usage of its meters; empty: no readings"),
    integer("lines_without_readings", "Lines that no reading stands behind"),
    integer("estimated_in_a_row", "Readings of a meter that were estimated, this one included"),
    text("followed_by", "Customer whose readings of one of its meters begin after its own"),
    day("falls_due", "Due date; of one without, what approval today would make it"),
    integer("due_weekday", "Weekday of that date: 1 Monday to 7 Sunday"),
    text("previous_address", "The customer's address before, where it changed since the last document"),
    text(
        "previous_iban",
        "Account of the customer or of the mandate before, where it changed since the last one",
    ),
)
_OF_THE_RUN: Final = (
    text(
        "billed_as",
        "Another document of the same customer, account, kind, contract, period and meters (none: total)",
    ),
    integer("same_totals", "Documents of the run with readings and exactly this total"),
    text("price_product", "Product whose price is furthest off the run's"),
    percent("price_share", "Its price in percent of the run's median"),
    integer("price_lines", "Lines that median is of"),
    text("vat_product", "Product whose VAT rate is not its usual one"),
    percent("vat_rate", "That rate"),
    percent("usual_vat_rate", "The rate that most lines of the product have in the run"),
    percent("usual_vat_share", "How many lines have it"),
    integer("vat_lines", "Lines of that product"),
)

HISTORY_COLUMNS: Final[Mapping[str, Column]] = {
    column.frame_name: column for column in (*_EARLIER, *_METERS, *_OF_ITSELF, *_OF_THE_RUN)
}
"""By frame name, in the order of the frames."""

REVIEW_FINDINGS = Table(
    "review_findings",
    "What the review finds odd about documents that wait for approval, until anything it was judged by changes.",
    ("invoice_id",),
    (
        integer("invoice_id", "The document", required=True),
        text("stops", "Why approve refuses it; empty: nothing does"),
        text("looks", "What is to be looked at; empty: nothing"),
    ),
)
REVIEW_COLUMNS: Final = frozenset({"review", "review_reasons"})
"""Overview columns that hold what was judged; empty where nothing was yet."""

JUDGED: Final = "reviewed_by"
"""Where the database notes by which checks all that waits for approval was judged; no note: it was not."""

REVIEW_CHANGES: Final = "review_changes"
"""Where it counts how often anything changed that the review may judge by."""
