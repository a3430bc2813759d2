"""Values that people write for parameters, and what cells may hold instead of what is meant."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoicebatch.errors import ParameterError
from invoicebatch.files.spreadsheet import Fault
from invoicebatch.interfaces.sheet.parameters import pairs, sheet_parameters, typed
from invoicebatch.interfaces.sheet.rows import judge_rows
from invoicebatch.model.action import Action, Params
from invoicebatch.model.changes import Changes
from invoicebatch.settings import Settings


class Sample(Params):
    day: date | None = None
    count: int = 3
    amount: Decimal | None = None
    flag: bool = False
    mode: Literal["a", "b", "7"] = "a"
    words: str
    many: tuple[str, ...] = ()


ACTION = Action(name="sample", label="Sample", help="", params=Sample, transform=lambda *_: Changes())


def test_parameters_are_told_with_type_default_and_choices() -> None:
    told = {p.name: p for p in sheet_parameters(ACTION, Settings(), date(2026, 11, 22), {})}
    assert (told["day"].kind, told["count"].kind, told["amount"].kind) == ("date", "whole number", "amount")
    assert told["flag"].choices == ("yes", "no")
    assert told["mode"].choices == ("a", "b", "7")
    assert (told["count"].default, told["flag"].default, told["day"].default) == ("3", "no", "")
    assert told["words"].required


def test_values_that_only_the_workspace_knows_become_choices() -> None:
    known = {"words": {"nl": "Dutch", "fr": "French"}}
    told = {p.name: p for p in sheet_parameters(ACTION, Settings(), date(2026, 11, 22), known)}
    assert (told["words"].kind, told["words"].choices) == ("choice", ("nl", "fr"))


@pytest.mark.parametrize(
    ("name", "written", "meant"),
    [
        ("day", 46348.0, date(2026, 11, 22)),
        ("day", 46348.75, date(2026, 11, 22)),
        ("day", "2026-11-22", "2026-11-22"),
        ("day", "22.11.2026", "2026-11-22"),
        ("day", "22/11/2026", "2026-11-22"),
        ("day", "5-6-2026", "2026-06-05"),
        ("day", datetime.fromisoformat("2026-11-22T10:00"), date(2026, 11, 22)),
        ("count", 4.0, 4),
        ("count", "4", "4"),
        ("amount", 12.5, Decimal("12.5")),
        ("flag", "ja", "ja"),
        ("flag", False, False),
        ("flag", "perhaps", "perhaps"),
        ("mode", 7.0, "7"),
        ("words", 2026.0, "2026"),
        ("words", " spaced ", "spaced"),
    ],
)
def test_what_is_written_is_what_is_meant(name: str, written: Any, meant: Any) -> None:
    assert typed(ACTION, name, written) == meant


def test_dates_of_workbooks_that_count_from_1904() -> None:
    assert typed(ACTION, "day", 44886.0, date1904=True) == date(2026, 11, 22)


@pytest.mark.parametrize("written", ["05/06/2026", 1e300, float("inf"), float("nan")])
def test_dates_that_can_not_be_told_are_refused(written: Any) -> None:
    with pytest.raises(ParameterError):
        typed(ACTION, "day", written)


def test_pairs_of_a_row() -> None:
    assert pairs("day=2026-11-22; many = a,b ;") == {"day": "2026-11-22", "many": "a,b"}
    assert pairs("") == {}


_VALUE = st.one_of(
    st.none(),
    st.booleans(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["x", "inf", "nan", "1e999", "-0"]),
    st.builds(Fault, st.text(max_size=5)),
)
_NAMES = ("run", "action", "parameters", "invoice_id", "version", "check", "number", "customer_id", "total")


@given(st.lists(st.fixed_dictionaries(dict.fromkeys(_NAMES, _VALUE)), max_size=6))
def test_no_cell_value_breaks_the_reader_or_passes_for_a_key(rows: list[dict[str, Any]]) -> None:
    frame = judge_rows(
        ((number, False, row) for number, row in enumerate(rows, 6)), "selection", dict.fromkeys(_NAMES, "A")
    )
    assert not (frame["ticked"] & (frame["problem"] == "")).any()
