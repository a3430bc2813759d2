"""What a dialog shows before a run: before → after, the action's own tables, and its parts as tabs."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import pandas as pd

from invoicebatch.interfaces.lab.columns import words
from invoicebatch.interfaces.lab.tables import table
from invoicebatch.model.action import Action

AFTER: Final[Mapping[str, tuple[str, str]]] = {
    "approve": ("status", "approved"),
    "create": ("status", "created"),
    "regenerate": ("status", "created"),
    "mark_as.shipped": ("shipping_status", "sent"),
    "mark_as.exported": ("export_status", "exported"),
    "mark_as.not_exported": ("export_status", "unexported"),
    "send_via.email": ("shipping_status", "sending"),
    "send_via.post": ("shipping_status", "sending"),
    "send_via.einvoice": ("shipping_status", "sending"),
    "delete": ("status", "deleted"),
}
"""The column an action is about, and its value where the row succeeds."""


def before_and_after(action: str, rows: pd.DataFrame) -> pd.DataFrame | None:
    """How many rows go from which value to which: before, after, currency, invoices, total_cents."""
    if action not in AFTER or rows.empty:
        return None
    column, after = AFTER[action]
    keys = [rows[column].astype("str").rename("before"), rows["currency"].astype("str")]
    sums = rows.groupby(keys)["total_cents"].agg(["size", "sum"]).reset_index()
    sums.columns = pd.Index(["before", "currency", "invoices", "total_cents"])
    sums.insert(1, "after", after)
    return sums


def describe(
    action: Action, shown: Mapping[str, pd.DataFrame], rows: pd.DataFrame, parts: Sequence[str]
) -> dict[str, Any]:
    """The preview as JSON: `tables`, and `tabs` (a name and tables each) for an action with parts.

    Args:
        action: what would run.
        shown: the plan's own tables.
        rows: the eligible rows of the overview.
        parts: names of the action's parts, each a tab even when empty.
    """
    own = {
        name: frame
        for name, frame in shown.items()
        if len(frame) and (name != "refused" or action.preview is not None)
    }
    changed = before_and_after(action.name, rows)
    if changed is not None:
        own = {"before_and_after": changed, **({} if action.preview is None else own)}
    parted = {name: frame for name, frame in own.items() if parts and "part" in frame}
    rest = [table(name, frame) for name, frame in own.items() if name not in parted]
    return {"tables": rest, "tabs": [_tab(part, parted) for part in parts] if parted else []}


def _tab(part: str, parted: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    mine = {name: frame[frame["part"] == part].drop(columns="part") for name, frame in parted.items()}
    filled = {name: frame for name, frame in mine.items() if len(frame)}
    counts = next((frame["invoices"].sum() for frame in filled.values() if "invoices" in frame), 0)
    made = [table(name, frame) for name, frame in filled.items()]
    return {"label": words(part), "total": int(counts), "tables": made}
