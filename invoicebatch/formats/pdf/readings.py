"""Meter readings of a document as a table, and the usage as bars.

Only what is shown is made here; usage is never computed from readings.
"""

from collections import defaultdict
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final

from invoicebatch.formats.pdf.text import Row, line
from invoicebatch.formats.pdf.wording import Wording

COLUMNS: Final = (
    "invoice_id", "line_no", "connection_id", "meter_id", "register", "date_from", "date_to",
    "value_from", "value_to", "usage", "unit", "method",
)  # fmt: skip
MAX_BARS: Final = 24

Bars = list[tuple[str, Decimal]]


def readings_block(readings: list[Row], wording: Wording) -> dict[str, Any]:
    """`rows` of the table, `connection` where it is the same throughout, and `charts`."""
    connections = {row["connection_id"] for row in readings if row["connection_id"]}
    return {
        "connection": line(connections.pop()) if len(connections) == 1 else "",
        "rows": [_row(row, wording) for row in readings],
        "charts": [
            chart for unit in _units(readings) if (chart := _chart(readings, unit, wording)) is not None
        ],
    }


def _units(readings: list[Row]) -> list[str]:
    return list(dict.fromkeys(row["unit"] for row in readings))


def _row(row: Row, wording: Wording) -> dict[str, str]:
    def value(name: str) -> str:
        return "" if row[name] is None else wording.decimal(row[name])

    methods = wording.texts["methods"]
    return {
        "meter": line(row["meter_id"]),
        "register": line(row["register"]),
        "period": wording.period(row["date_from"], row["date_to"]),
        "from": value("value_from"),
        "to": value("value_to"),
        "usage": f"{wording.decimal(row['usage'])} {wording.unit(row['unit'])}".strip(),
        "method": line(methods.get(row["method"], row["method"])),
    }


def _chart(readings: list[Row], unit: str, wording: Wording) -> dict[str, Any] | None:
    bars = _bars([row for row in readings if row["unit"] == unit], wording)
    top = max((usage for _, usage in bars), default=Decimal(0))
    if len(bars) < 2 or top <= 0:
        return None
    spoken = ", ".join(f"{label} {wording.decimal(usage)}" for label, usage in bars)
    shown = wording.unit(unit)
    return {
        "unit": shown,
        "alt": wording.say("readings.chart_alt", unit=shown, values=spoken),
        "bars": [
            {
                "label": label,
                "value": wording.decimal(round(usage, 0 if top >= 100 else 1)),
                "permille": max(0, int(usage * 1000 / top)),
            }
            for label, usage in bars
        ],
    }


def _bars(readings: list[Row], wording: Wording) -> Bars:
    by_period: dict[Any, Decimal] = defaultdict(Decimal)
    by_register: dict[str, Decimal] = defaultdict(Decimal)
    for row in readings:
        by_period[(row["date_from"], row["date_to"])] += row["usage"]
        by_register[line(row["register"] or row["meter_id"])] += row["usage"]
    if len(by_period) == 1 or _overlap(sorted(by_period)):
        return list(by_register.items())[:MAX_BARS]
    ordered = sorted(by_period.items())[-MAX_BARS:]
    labels = [_label(period, wording) for period, _ in ordered]
    if len(set(labels)) < len(labels):
        labels = [wording.day(period[1]) for period, _ in ordered]
    return list(zip(labels, (usage for _, usage in ordered), strict=True))


def _overlap(periods: list[Any]) -> bool:
    return any(later[0] < earlier[1] for earlier, later in pairwise(periods))


def _label(period: Any, wording: Wording) -> str:
    start, end = period
    middle = start + (end - start) / 2
    if (end - start).days > 45:
        return f"{middle.year}" if (end - start).days > 300 else wording.day(end)
    return str(wording.texts["format"]["months_short"][middle.month - 1])
