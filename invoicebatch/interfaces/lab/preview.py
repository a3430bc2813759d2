"""What a dialog shows before a run: before → after, the action's own tables, and its parts as tabs."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from invoicebatch.interfaces.lab.tables import table
from invoicebatch.model.action import Action
from invoicebatch.model.words import words


def describe(action: Action, shown: Mapping[str, pd.DataFrame], parts: Sequence[str]) -> dict[str, Any]:
    """The preview as JSON: `tables`, and `tabs` (a name and tables each) for an action with parts.

    Args:
        action: what would run.
        shown: the plan's tables; those every action has are left out where the dialog says the same.
        parts: names of the action's parts, each a tab even when empty.
    """
    own = {name: frame for name, frame in shown.items() if len(frame)}
    if action.preview is None:
        said = {"refused"} | ({"eligible"} if action.outcome else set())
        own = {name: frame for name, frame in own.items() if name not in said}
    parted = {name: frame for name, frame in own.items() if parts and "part" in frame}
    rest = [table(name, frame) for name, frame in own.items() if name not in parted]
    return {"tables": rest, "tabs": [_tab(part, parted) for part in parts] if parted else []}


def _tab(part: str, parted: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    mine = {name: frame[frame["part"] == part].drop(columns="part") for name, frame in parted.items()}
    filled = {name: frame for name, frame in mine.items() if len(frame)}
    counts = next((frame["invoices"].sum() for frame in filled.values() if "invoices" in frame), 0)
    made = [table(name, frame) for name, frame in filled.items()]
    return {"label": words(part), "total": int(counts), "tables": made}
