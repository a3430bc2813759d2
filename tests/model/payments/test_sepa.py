import re
import uuid

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoicebatch.model.ident import end_to_end_id
from invoicebatch.model.payments.sepa import (
    creditor_id_fault,
    creditor_id_warning,
    is_sepa_id,
    message_id,
    payment_information_id,
    sepa_text,
    sepa_texts,
)


@given(st.text(max_size=300), st.sampled_from([16, 35, 70, 140]))
def test_any_unicode_text_becomes_a_legal_one(text: str, length: int) -> None:
    legal = sepa_text(text, length)
    assert re.fullmatch(r"[A-Za-z0-9/\-?:().,'+ ]*", legal)
    assert len(legal) <= length
    assert not re.search("^[/ ]|//|  |[/ ]$", legal)
    assert sepa_text(legal, length) == legal


@given(st.text(alphabet="abcXYZ019/-?:().,'+ ", max_size=70))
def test_legal_text_is_kept_but_for_spaces_and_slashes(text: str) -> None:
    kept = sepa_text(text, 70)
    assert kept.replace("/", "").replace(" ", "") == text.replace("/", "").replace(" ", "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Müller & Söhne", "Muller + Sohne"),
        ("Café «Zürich»", "Cafe 'Zurich'"),
        ("Łódź Straße", "Lodz Strase"),
        ("Ελλάδα", "Ellada"),
        ("Владимир", "Vladimir"),
        ("INV_2026_1", "INV-2026-1"),
        ("//a//b//", "a/b"),
        ("a\tb\nc", "a b c"),
        ("\u202eabc\u202c", "abc"),
        ("😀", ""),
    ],
)
def test_how_names_are_written(text: str, expected: str) -> None:
    assert sepa_text(text, 70) == expected


def test_a_column_may_miss_values() -> None:
    assert list(sepa_texts(pd.Series(["é", None], dtype="str"), 70)) == ["e", ""]


@given(st.uuids(version=5), st.integers(1, 999_999), st.integers(1, 99))
def test_derived_references_are_legal(bundle: uuid.UUID, item: int, group: int) -> None:
    for reference in (
        message_id(str(bundle)),
        end_to_end_id(str(bundle), item),
        payment_information_id(str(bundle), group),
    ):
        assert is_sepa_id(reference)
        assert "_" not in reference


@pytest.mark.parametrize(
    ("reference", "legal"),
    [("M-1", True), ("A/B", True), ("/A", False), ("A/", False), ("A//B", False), ("A_B", False), ("", False),
     ("x" * 35, True), ("x" * 36, False), ("é", False), ("A B", True)],
)  # fmt: skip
def test_references(reference: str, legal: bool) -> None:
    assert is_sepa_id(reference) is legal


def test_creditor_identifiers() -> None:
    assert creditor_id_fault("DE98ZZZ09999999999") == ""
    assert creditor_id_warning("DE98ZZZ09999999999") == ""
    assert "no creditor identifier" in creditor_id_fault(None)
    assert "not of the form" in creditor_id_fault("ZZZ")
    assert "check digits" in creditor_id_warning("DE99ZZZ09999999999")
