"""Number patterns: tried on their smallest and largest number, and told from one another."""

import pandas as pd
import pytest

from invoicebatch.model.documents.number_patterns import given_by, number_of, pattern_fault, share_a_number


@pytest.mark.parametrize(
    "pattern",
    ["{seq}", "{seq:d}", "{seq:020d}", "{account}-{year}-{seq:06d}", "{year:04d}/{seq:06}", "{{{seq}}}"],
)
def test_a_plain_pattern_can_be_used(pattern: str) -> None:
    assert pattern_fault(pattern, "NL") == ""


@pytest.mark.parametrize(
    ("pattern", "fault"),
    [
        ("{seq:0999999999d}", "wider than 20 digits"),
        ("{seq:021d}", "wider than 20 digits"),
        ("{seq:0{year}d}", "in a way that is not known"),
        ("{seq:c}", "in a way that is not known"),
        ("{seq:.1e}", "in a way that is not known"),
        ("{seq:6d}", "in a way that is not known"),
        ("{seq!r}", "in a way that is not known"),
        ("{account:>30}-{seq}", "in a way that is not known"),
        ("F\t{seq}", "can't be printed"),
        ("F\u202e{seq}", "can't be printed"),
        ("{seq} ", "blanks at an end"),
        ("INVOICE OF OUR SHOP {year}-{seq}", "more than 30 characters"),
        ("{year}", "must hold {seq} once"),
        ("{seq}{seq}", "must hold {seq} once"),
        ("{seq.real}-{seq}", "must hold {seq} once"),
        ("{seq:", "can't be read"),
    ],
)
def test_what_no_number_can_be_made_of_is_said(pattern: str, fault: str) -> None:
    assert fault in pattern_fault(pattern, "NL")


def test_the_length_of_the_account_counts() -> None:
    usual = "{account}-C{year}-{seq:06d}"
    assert pattern_fault(usual, "NL") == ""
    assert "more than 30 characters" in pattern_fault(usual, "A-LONG-COMPANY-NAME")


def test_the_numbers_of_a_pattern_are_known_again() -> None:
    pattern = "{account}-{year}-{seq:04d}"
    numbers = pd.Series(
        [number_of(pattern, "NL", 2026, 7), number_of(pattern, "NL", 2026, 12_345), "NL-2026-7", "BE-2026-0007", None],
        dtype="str",
    )  # fmt: skip
    found = given_by(pattern, "NL", numbers)
    assert found["seq"].tolist() == [7, 12_345]
    assert found["year"].tolist() == ["2026", "2026"]
    assert found.index.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [
        ("F{year}-{seq:06d}", "F{year}-{seq:06d}", True),
        ("F{seq}", "F{seq:06d}", True),
        ("F{seq}", "F1{seq}", True),
        ("F{year}-{seq}", "C{year}-{seq}", False),
        ("{account}-{year}-{seq}", "{account}-C{year}-{seq}", False),
    ],
)
def test_two_patterns_that_give_one_number_are_found(one: str, other: str, shared: bool) -> None:
    assert share_a_number(one, other, "NL") is shared
    assert share_a_number(other, one, "NL") is shared
