"""What a run did, as the browser shows it: failures first, then refused, files and totals."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pandas as pd

from invoicebatch.actions import find
from invoicebatch.engine.plan.report import NextStep
from invoicebatch.interfaces.lab.backend import Report
from invoicebatch.model.action import Action
from invoicebatch.model.reasons import reason_kind
from invoicebatch.model.words import words

GROUPS: Final = 12
"""Reasons told apart; the rarer ones are counted together."""


def _group(rows: pd.DataFrame, names: Mapping[int, str]) -> list[dict[str, Any]]:
    """Rows with the same kind of reason together, the most frequent first."""
    groups: list[dict[str, Any]] = []
    for kind, same in rows.groupby(reason_kind(rows["reason"]), sort=False):
        shown = [names.get(int(one), f"id {one}") for one in same["invoice_id"].head(20)]
        first = str(same["reason"].iloc[0])
        alike = bool((same["reason"] == first).all())
        text = first if alike else str(kind)
        groups.append({"reason": text, "rows": len(same), "numbers": shown, "known": True})
    groups.sort(key=lambda group: -int(group["rows"]))
    if len(groups) <= GROUPS:
        return groups
    rest = groups[GROUPS - 1 :]
    numbers = [number for group in rest for number in group["numbers"]][:20]
    others: dict[str, Any] = {
        "reason": f"for {len(rest)} other reasons",
        "rows": sum(int(group["rows"]) for group in rest),
    }
    return [*groups[: GROUPS - 1], {**others, "numbers": numbers}]


def _files(files: pd.DataFrame) -> list[dict[str, Any]]:
    if "path" not in files:
        return []
    sizes = files["size"] if "size" in files else [0] * len(files)
    return [
        {"path": str(path), "name": Path(str(path)).name, "size": int(size)}
        for path, size in zip(files["path"].head(50), sizes, strict=False)
    ]


def _steps(steps: Sequence[NextStep]) -> list[dict[str, Any]]:
    return [
        {
            "label": step.label,
            "command": step.command,
            "rows": step.rows,
            "action": step.action,
            "onBar": step.on_bar,
            "bundle": dict(zip(find(step.action).of_rows, step.arguments, strict=False)).get("bundle", ""),
        }
        for step in steps
    ]


def _totals(totals: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {"label": words(name), "value": value, "money": isinstance(value, str)}
        for name, value in totals.items()
    ]


def describe(action: Action, report: Report, names: Mapping[int, str], cancelled: bool) -> dict[str, Any]:
    """A report as JSON; `names` is what people call the invoices, by id."""
    return {
        "action": action.name,
        "label": action.label,
        "code": not action.hidden,
        "runId": report.run_id,
        "cancelled": cancelled,
        "done": len(report.done),
        "made": len(report.made),
        "refused": len(report.refused),
        "failed": len(report.failed),
        "unchanged": _group(report.unchanged, names),
        "unfinished": report.unfinished,
        "messagesLeft": report.messages_left,
        "failures": _group(report.failed, names),
        "refusals": _group(report.refused, names),
        "files": _files(report.files),
        "fileCount": len(report.files),
        "totals": _totals(report.totals),
        "next": _steps(report.next),
        "undo": _steps(report.undo),
    }
