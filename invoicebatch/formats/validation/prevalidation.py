"""The rules over a whole selection at once: every broken rule of every row, by its official id."""

from collections.abc import Sequence
from datetime import date
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa

from invoicebatch.formats.validation.facts import Facts, Mask, Rule
from invoicebatch.formats.validation.rule_sets import RuleSet, RuleSets, rule_sets
from invoicebatch.formats.validation.rules import RULES
from invoicebatch.model.en16931.frames import PARENT, Groups
from invoicebatch.model.en16931.terms import DOCUMENT, GROUPS, LINE, TERMS, Value
from invoicebatch.model.en16931.values import illegal_rows, texts

COLUMNS: Final = ("invoice_id", "line", "rule", "term", "value", "says", "fix")
NO_FINDINGS: Final = pd.DataFrame(columns=COLUMNS).astype(
    {"invoice_id": "int64", **dict.fromkeys(COLUMNS[1:], "str")}
)
"""What `prevalidate` finds of documents that break no rule."""


def prevalidate(
    groups: Groups,
    problems: Sequence[tuple[int, str, str]] = (),
    sets: RuleSets | None = None,
    on: date | None = None,
    warnings: bool = False,
) -> pd.DataFrame:
    """Every rule that a document breaks.

    Args:
        groups: frames of terms, as `derive` gives them.
        problems: what `derive` found in `extra`.
        sets: the rule sets there are; None: those that are shipped.
        on: the day whose rules are asked; None: each document's own date.
        warnings: the rules that are no more than advice instead.

    Returns:
        One row a broken rule and row: invoice_id int64, line str (BT-126; empty: the document), rule,
        term, value, says and fix str; sorted by document.
    """
    facts = Facts(groups, sets or rule_sets(), on)
    found = [part for rule in RULES if (part := _broken(facts, rule, warnings)) is not None]
    if not warnings:
        found += [*_illegal(facts), *_unknown(facts)]
    found.append(_of_extra(() if warnings else problems))
    frame = pd.concat(found, ignore_index=True)
    frame = frame.sort_values("document", kind="stable", ignore_index=True)
    ids = groups[DOCUMENT]["invoice_id"].to_numpy(np.int64)
    frame.insert(0, "invoice_id", ids[frame.pop("document").to_numpy(np.int64)])
    return frame[list(COLUMNS)].astype(dict.fromkeys(COLUMNS[1:], "str"))


def reasons(findings: pd.DataFrame) -> "pd.Series[str]":
    """One text an invoice, every broken rule in it; index `invoice_id`."""
    if findings.empty:
        return pd.Series(dtype="str", index=pd.Index([], dtype="int64", name="invoice_id"))
    where = findings["line"].where(findings["line"] == "", "line " + findings["line"] + ": ")
    term = findings["term"].map(_term_with_name)
    value = findings["value"].where(findings["value"] == "", " (" + findings["value"] + ")")
    text = findings["rule"] + ": " + where + findings["says"] + ", " + term + value + ". " + findings["fix"]
    joined = text.groupby(findings["invoice_id"], sort=False).agg(
        lambda parts: " | ".join(dict.fromkeys(parts))
    )
    return joined.astype("str")


def _term_with_name(term: str) -> str:
    return f"{TERMS[term].name} {term}" if term in TERMS else term


def _broken(facts: Facts, rule: Rule, warnings: bool) -> pd.DataFrame | None:
    frame = facts.frame(rule.group)
    of_set = rule.id.startswith(facts.known.prefixes)
    if frame.empty or not _is_asked(facts, rule, of_set, warnings):
        return None
    broken: Mask = rule.broken(facts)
    if not broken.any():
        return None
    if of_set:
        asked = facts.where(lambda found: _asks(found, rule, warnings))
        broken = broken & asked[facts.document(rule.group)]
    elif any(rule.id in found.not_asked for found in facts.sets):
        broken = broken & facts.where(lambda found: rule.id not in found.not_asked, rule.group)
    rows = np.flatnonzero(broken)
    return _findings(facts, rule.group, rows, rule.id, rule.term, rule.says, rule.fix) if len(rows) else None


def _is_asked(facts: Facts, rule: Rule, of_set: bool, warnings: bool) -> bool:
    if not of_set:
        return not warnings
    return any(_asks(found, rule, warnings) for found in facts.sets)


def _asks(found: RuleSet, rule: Rule, warnings: bool) -> bool:
    return found.knows(rule.id) and found.asks(rule.id) != warnings


def _unknown(facts: Facts) -> list[pd.DataFrame]:
    """Documents whose rules are not known here, and have no schematron that is."""
    rows = np.flatnonzero(facts.where(lambda found: found.unknown and found.id not in facts.known.named))
    if not len(rows):
        return []
    title = next(found for found in facts.sets if found.unknown)
    says = f"The rules of {title.title}, in force since {title.since}, are not here"
    fix = f'Give the path of its schematron: [einvoice.schematrons] "{title.id}" = "…".'
    return [_findings(facts, DOCUMENT, rows, "RULE-SET", "BT-2", says, fix)]


def _findings(
    facts: Facts, group: str, rows: np.ndarray, rule: str, term: str, says: str, fix: str
) -> pd.DataFrame:
    frame = facts.frame(group)
    values: list[str | None] = [""] * len(rows)
    if term in frame and TERMS[term].value is not Value.BINARY:
        values = texts(frame[term].iloc[rows], TERMS[term].value).to_pylist()
    return pd.DataFrame(
        {
            "document": facts.document(group)[rows],
            "line": _lines(facts, group, rows),
            "rule": rule,
            "term": term,
            "value": [(value or "")[:60] for value in values],
            "says": says,
            "fix": fix,
        }
    )


def _lines(facts: Facts, group: str, rows: np.ndarray) -> list[str]:
    if group != LINE and GROUPS[group].parent != LINE:
        return [""] * len(rows)
    lines = facts.frame(LINE)
    at = rows if group == LINE else facts.frame(group)[PARENT].to_numpy(np.int64)[rows]
    numbers = lines["line_no"] if "line_no" in lines else lines["BT-126"]
    return [str(number) for number in numbers.iloc[at]]


def _illegal(facts: Facts) -> list[pd.DataFrame]:
    """Texts with characters that XML can't hold."""
    found = []
    for group in facts.groups:
        frame = facts.frame(group)
        for term in frame.columns:
            if term not in TERMS or TERMS[term].value not in (Value.TEXT, Value.ID, Value.CODE):
                continue
            bad = _illegal_rows(frame[term])
            if bad.any():
                says, fix = "The text holds a control character, which XML can't hold", "Remove it."
                part = _findings(facts, group, np.flatnonzero(bad), "XML", term, says, fix)
                found.append(part.assign(value=""))
    return found


def _illegal_rows(values: pd.Series) -> Mask:
    array = pa.Array.from_pandas(values)
    chunks = array.chunks if isinstance(array, pa.ChunkedArray) else [array]
    return np.concatenate([illegal_rows(chunk) for chunk in chunks]) if chunks else np.zeros(0, bool)


def _of_extra(problems: Sequence[tuple[int, str, str]]) -> pd.DataFrame:
    rows = list(problems)
    return pd.DataFrame(
        {
            "document": np.array([row for row, _, _ in rows], np.int64),
            "line": "",
            "rule": "EXTRA",
            "term": [term for _, term, _ in rows],
            "value": "",
            "says": [f"What extra says is no value: {says}" for _, _, says in rows],
            "fix": "Correct the extra column.",
        }
    )
