"""Eligibility of many rows × all actions beside `np.select` per action, in one run."""

import statistics
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from invoicebatch.eligibility import Rules, load_rules
from invoicebatch.expressions import FrameRows
from invoicebatch.model.schema import OVERVIEW, Type

TODAY, SWITCHES = date(2026, 11, 22), {"collection": True, "peppol": True, "chorus_pro": False}
SHARES = {"status": [0.04, 0.02, 0.04, 0.01, 0.89], "kind": [0.85, 0.05, 0.03, 0.02, 0.04, 0.01]}
"""Shares of the categories in a workspace of some years; other choices are even."""


def workspace(rules: Rules, rows: int) -> pd.DataFrame:
    """Rows as they are in a workspace: mostly created, few things missing, parties repeated."""
    rng = np.random.default_rng(1)
    frame: dict[str, Any] = {}
    for name in sorted(rules.columns):
        column = OVERVIEW[name].column
        missing = 0 if column.required else 0.97 if name in RARE else 0.02
        frame[name] = _values(column.type, column, rng, rows)
        if missing:
            frame[name] = frame[name].mask(rng.random(rows) < missing)
    frame["currency"] = pd.Series("EUR", index=range(rows), dtype="str")
    return pd.DataFrame(frame)


RARE = {
    "payment_bundle_id",
    "payment_plan_id",
    "plan_status",
    "case_status",
    "case_next_step_on",
    "credited_by",
}


def _values(type_: Type, column: Any, rng: np.random.Generator, rows: int) -> pd.Series:
    match type_:
        case Type.CHOICE:
            codes = rng.choice(len(column.values), rows, p=SHARES.get(column.name))
            return pd.Series(pd.Categorical.from_codes(codes, dtype=column.dtype))
        case Type.MONEY | Type.INTEGER:
            return pd.Series(rng.integers(-2_000, 50_000, rows)).astype(column.dtype)
        case Type.BOOLEAN:
            return pd.Series(rng.random(rows) < 0.5).astype(column.dtype)
        case Type.DATE | Type.TIMESTAMP:
            days = np.datetime64("2024-11-22") + rng.integers(0, 730, rows).astype("m8[D]")
            return pd.Series(days).astype(column.dtype)
    return pd.Series(rng.integers(0, rows // 20 + 1, rows).astype(str)).astype("str")


def naive(rules: Rules, frame: pd.DataFrame) -> dict[str, Any]:
    """Each action by itself: every condition again, `np.select` of the reasons."""
    out = {}
    for action, rule in rules.by_action.items():
        rows = FrameRows(frame, TODAY, SWITCHES)
        facts = [rules.facts[name] for name in rule.all_needs if name in rules.facts]
        masks = [~f.condition.run(rows) for f in facts if f.condition]
        out[action] = np.select(masks, [f.summary for f in facts], default="") if masks else None
    return out


def ours(rules: Rules, frame: pd.DataFrame) -> list[int]:
    """All facts once, then the count of every action: what the action bar asks for."""
    evaluation = rules.evaluate(frame, today=TODAY, switches=SWITCHES, picked_by_hand=True)
    return [evaluation.count(action) for action in rules.actions]


def bar(rules: Rules, frame: pd.DataFrame) -> list[Any]:
    """The counts and the reasons of every action."""
    evaluation = rules.evaluate(frame, today=TODAY, switches=SWITCHES, picked_by_hand=True)
    return [evaluation.summary(action) for action in rules.actions]


def _milliseconds(call: Callable[[], object], repeat: int) -> float:
    call()
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1000


@pytest.mark.bench
def test_eligibility() -> None:
    rules = load_rules(None, Path(__file__).resolve().parents[2] / "rules")
    print(f"\n{len(rules.actions)} actions, {len(rules.bits)} facts; medians")
    for rows, repeat in ((10, 50), (100_000, 7), (1_000_000, 5)):
        frame = workspace(rules, rows)
        counts = _milliseconds(lambda f=frame: ours(rules, f), repeat)
        reasons = _milliseconds(lambda f=frame: bar(rules, f), repeat)
        select = _milliseconds(lambda f=frame: naive(rules, f), 1)
        print(
            f"{rows:>9} rows: counts {counts:8.1f} ms, counts and reasons {reasons:8.1f} ms, "
            f"np.select per action {select:8.1f} ms ({select / counts:.0f} times the counts)"
        )
