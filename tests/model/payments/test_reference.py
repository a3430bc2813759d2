"""Structured payment references."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import iso11649
from stdnum.be import ogm_vcs

from invoicebatch.model.payments.reference import (
    as_creditor_reference,
    belgian,
    carried,
    creditor_reference,
    dutch,
    is_reference,
    printed,
    structured_reference,
)


@given(st.integers(0, 10**10 - 1))
def test_belgian_references_hold_their_check(number: int) -> None:
    assert ogm_vcs.is_valid(belgian(str(number)))


@given(st.from_regex(r"[A-Z0-9-]{1,21}", fullmatch=True).filter(lambda text: text.strip("-")))
def test_creditor_references_hold_their_check(number: str) -> None:
    assert iso11649.is_valid(creditor_reference(number))


def test_the_dutch_check_digit_is_that_of_the_banks_example() -> None:
    assert dutch("000056789012345") == "5000056789012345"


@pytest.mark.parametrize(
    ("country", "pattern"), [("BE", r"\d{12}"), ("NL", r"\d{16}"), ("DE", r"RF\d\d\w+"), (None, r"RF\d\d\w+")]
)
def test_each_country_has_its_own(country: str | None, pattern: str) -> None:
    assert re.fullmatch(pattern, structured_reference(country, "2026-000123"))


def test_a_number_too_long_for_a_country_takes_the_general_form() -> None:
    assert structured_reference("BE", "2026-12345678").startswith("RF")


@pytest.mark.parametrize(
    ("reference", "country", "shown"),
    [
        ("090933755493", "BE", "+++090/9337/55493+++"),
        ("RF18539007547034", None, "RF18 5390 0754 7034"),
        ("5000056789012345", "NL", "5000 0567 8901 2345"),
        ("Contract 77", "NL", "Contract 77"),
    ],
)
def test_references_are_printed_as_people_read_them(reference: str, country: str | None, shown: str) -> None:
    assert printed(reference, country) == shown


@pytest.mark.parametrize("written", ["rf18 5390 0754 7034", "RF18-5390-0754-7034", "RF18539007547034"])
def test_a_creditor_reference_goes_to_the_bank_in_its_electronic_form(written: str) -> None:
    assert carried(written, "DE") == "RF18539007547034"


@pytest.mark.parametrize("length", range(1, 22))
def test_a_creditor_reference_of_any_length_is_printed_as_one(length: int) -> None:
    reference = creditor_reference("A" * length)
    assert printed(reference, "BE").replace(" ", "") == carried(reference, "BE") == reference


@given(st.text("RF0123456789 -./+*abz²٣Ａ", max_size=30))
def test_a_text_is_a_creditor_reference_where_the_library_says_so(text: str) -> None:
    ours = as_creditor_reference(text)
    if ours:
        assert iso11649.is_valid(ours)
        assert iso11649.compact(text) == ours
    elif text.isascii():
        assert not iso11649.is_valid(text)


@pytest.mark.parametrize("token", ["²" * 12, "٣" * 12, "", "RF", "0" * 12])
def test_what_only_looks_like_digits_is_no_reference(token: str) -> None:
    assert not is_reference(token)
