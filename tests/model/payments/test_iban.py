import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from schwifty import IBAN

from invoicebatch.model.payments.iban import iban_fault, iban_faults


def belgian(account: int) -> str:
    bban = f"{account:010d}{account % 97 or 97:02d}"
    return f"BE{98 - int(bban + '111400') % 97:02d}{bban}"


@pytest.mark.parametrize(
    "iban", ["BE68539007547034", "NL91ABNA0417164300", "DE89370400440532013000",
             "FR1420041010050500013M02606",
             "GB29NWBK60161331926819", "MT84MALT011000012345MTLCAST001S", "NO9386011117947"],
)  # fmt: skip
def test_good_ibans_pass(iban: str) -> None:
    assert iban_fault(iban) == ""


@pytest.mark.parametrize(
    ("iban", "fault"),
    [
        (None, "no IBAN"),
        ("", "no IBAN"),
        ("BE68539007547035", "wrong checksum"),
        ("be68539007547034", "capital letters"),
        ("BE68 5390 0754 7034", "capital letters"),
        ("BE6853900754703", "has 15 characters, BE needs 16"),
        ("XX68539007547034", "not a country"),
        ("BE6853900754703٤", "capital letters"),
        ("TR330006100519786457841326", "outside SEPA"),
    ],
)
def test_the_fault_is_named(iban: str | None, fault: str) -> None:
    assert fault in iban_fault(iban)


@given(st.integers(0, 10**10 - 1), st.integers(2, 15), st.integers(1, 9))
def test_one_changed_digit_never_passes(account: int, place: int, shift: int) -> None:
    iban = belgian(account)
    assert iban_fault(iban) == ""
    assert IBAN(iban, allow_invalid=True).is_valid
    changed = iban[:place] + str((int(iban[place]) + shift) % 10) + iban[place + 1 :]
    assert "checksum" in iban_fault(changed)


def test_a_column_is_checked_at_once_and_keeps_its_index() -> None:
    column = pd.Series(["BE68539007547034", None, "X"], index=[5, 6, 7], dtype="str")
    faults = iban_faults(column)
    assert list(faults.index) == [5, 6, 7]
    assert [bool(fault) for fault in faults] == [False, True, True]
