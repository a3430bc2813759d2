"""Judging documents by the checks: one row a finding, each with its reason, what is there and what should be."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import pandas as pd

from invoicebatch.eligibility.review.checks import LOOK, STOP, Check, Checks
from invoicebatch.eligibility.template import Codes
from invoicebatch.expressions import FrameRows
from invoicebatch.model.changes import failures
from invoicebatch.model.counted import counted
from invoicebatch.model.money import to_decimal
from invoicebatch.model.schema import PAST, Column, Type
from invoicebatch.model.shown import ShowsFrames

FINE: Final = "fine"
_NUMBERS: Final = (Type.INTEGER, Type.MONEY, Type.PERCENT)
_OF_THE_DOCUMENT: Final = ("invoice_id", "number", "external_id", "reviewed")
_FINDINGS: Final = {
    "invoice_id": "int64", "number": "str", "check": "str", "severity": "str", "reason": "str", "value": "str",
    "expected": "str", "share": "float64", "reviewed": "str",
}  # fmt: skip


@dataclass(frozen=True)
class Review(ShowsFrames):
    """What the checks find of some documents.

    Attributes:
        findings: one row a document and check, those that stop first, then as selected: invoice_id int64,
            number (else the id of the system it came from), check, severity, reason, value, expected str,
            share float64 (value in percent of expected), reviewed str (what was said of the document when it
            was marked as reviewed; missing: nothing).
        reviewed: number of documents.
        no_history: for each check that compares with earlier documents, of how many there was nothing to
            compare with: check str, rows int64; none where there was of all.
    """

    findings: pd.DataFrame
    reviewed: int
    no_history: pd.DataFrame

    def reasons(self, severity: str) -> pd.DataFrame:
        """Rows of one severity: invoice_id int64, reason str; what was reviewed need not be looked at again."""
        found = self.findings
        rows = found[(found["severity"] == severity) & ((severity == STOP) | found["reviewed"].isna())]
        return failures(rows["invoice_id"], rows["reason"])

    @property
    def counts(self) -> dict[str, int]:
        """Documents by the worst that was found of them: stop, look, fine."""
        of = {name: set(self.reasons(name)["invoice_id"]) for name in (STOP, LOOK)}
        stop, look = len(of[STOP]), len(of[LOOK] - of[STOP])
        return {STOP: stop, LOOK: look, FINE: self.reviewed - stop - look}

    @property
    def summary(self) -> str:
        """The counts, and once what could not be compared for lack of history."""
        text = f"{counted(self.reviewed, 'document')}: " + ", ".join(
            f"{n:,} {w}" for w, n in self.counts.items()
        )
        if self.no_history.empty:
            return text
        most, names = int(self.no_history["rows"].max()), ", ".join(self.no_history["check"])
        return f"{text}. No history to compare with for up to {most:,} of them, by {names}."


def judge(checks: Checks, frames: Iterable[pd.DataFrame], today: date) -> Review:
    """The findings of all checks.

    Args:
        checks: of a workspace.
        frames: the overview and history columns of documents; the index, over all frames, says their order.
        today: the day that `today` stands for in a condition.
    """
    reviewed, found, lacking = 0, [pd.DataFrame(columns=list(_FINDINGS))], dict.fromkeys(checks.by_name, 0)
    for frame in frames:
        rows = FrameRows(frame, today)
        reviewed += len(frame)
        for name, check in checks.by_name.items():
            if len(at := np.flatnonzero(check.condition.run(rows))):
                found.append(_findings(check, frame, at))
            lacking[name] += int(frame[sorted(check.condition.columns & PAST)].isna().any(axis=1).sum())
    findings = pd.concat(found[1:] or found).astype(_FINDINGS)
    findings = findings.assign(place=findings.index, mild=findings["severity"] != STOP)
    findings = findings.sort_values(["mild", "place"], kind="stable", ignore_index=True)[list(_FINDINGS)]
    return Review(findings, reviewed, _no_history(lacking))


def _findings(check: Check, frame: pd.DataFrame, at: Codes) -> pd.DataFrame:
    codes, texts = check.reason.fill(frame, at)
    shown = [column.frame_name for column in (check.value, check.expected) if column]
    rows = frame[list(dict.fromkeys([*_OF_THE_DOCUMENT, *shown]))].iloc[at]
    return pd.DataFrame(
        {
            "invoice_id": rows["invoice_id"],
            "number": rows["number"].where(rows["number"].notna(), rows["external_id"]),
            "check": check.name,
            "severity": check.severity,
            "reason": np.asarray(texts, dtype=object)[codes],
            "value": _shown(rows, check.value),
            "expected": _shown(rows, check.expected),
            "share": _share(rows, check),
            "reviewed": rows["reviewed"],
        },
        index=rows.index,
    )


def _shown(rows: pd.DataFrame, column: Column | None) -> "pd.Series[str] | str":
    """Values as texts, amounts and percentages as decimals."""
    if column is None:
        return ""
    values = rows[column.frame_name]
    if column.type in (Type.MONEY, Type.PERCENT):
        return values.map(lambda cents: str(to_decimal(int(cents))), na_action="ignore").astype("str")
    return values.astype("str")


def _share(rows: pd.DataFrame, check: Check) -> "pd.Series[float] | float":
    if check.value is None or check.expected is None or check.value.type not in _NUMBERS:
        return np.nan
    value, expected = (rows[c.frame_name].astype("Float64") for c in (check.value, check.expected))
    return (value / expected.where(expected != 0) * 100).round(1).astype("float64")


def _no_history(lacking: Mapping[str, int]) -> pd.DataFrame:
    table = pd.DataFrame({"check": list(lacking), "rows": list(lacking.values())}).astype({"rows": "int64"})
    return table[table["rows"] > 0].reset_index(drop=True)
