import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoicebatch.model.documents.crediting import GROUP, parse_amounts, set_off, with_tax
from invoicebatch.model.money import tax_cents

CENTS = st.integers(-(10**9), 10**9).filter(bool)


def breakdown(taxable: int, rate: int = 2100) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "invoice_id": [1], "vat_category": ["S"], "vat_rate_bp": [rate], "taxable_cents": [taxable],
            "tax_cents": tax_cents([taxable], [rate]), "credited_taxable_cents": [0], "credited_tax_cents": [0],
            "exemption_reason": [None], "exemption_code": [None],
        }
    )  # fmt: skip


@given(
    CENTS, st.sampled_from([0, 600, 900, 2100, 2550]), st.lists(st.integers(1, 100), min_size=1, max_size=6)
)
def test_credits_in_parts_sum_to_the_original_to_the_cent(taxable: int, rate: int, shares: list[int]) -> None:
    vat = breakdown(taxable, rate)
    sign = 1 if taxable > 0 else -1
    pieces = [sign * (abs(taxable) * share // sum(shares)) for share in shares]
    for net in [*pieces, taxable - sum(pieces)]:
        if not net:
            continue
        taxed = with_tax(vat[GROUP].assign(net_cents=net), vat)
        assert taxed["reason"].tolist() == [""]
        vat["credited_taxable_cents"] += taxed["net_cents"]
        vat["credited_tax_cents"] += taxed["tax_cents"]
    assert vat["credited_taxable_cents"].tolist() == vat["taxable_cents"].tolist()
    assert vat["credited_tax_cents"].tolist() == vat["tax_cents"].tolist()


@given(CENTS, st.integers(1, 10**6))
def test_nothing_is_credited_beyond_what_is_left(taxable: int, more: int) -> None:
    vat = breakdown(taxable)
    sign = 1 if taxable > 0 else -1
    for net in (taxable + sign * more, -taxable):
        reason = with_tax(vat[GROUP].assign(net_cents=net), vat)["reason"].iloc[0]
        assert "is left there" in reason


@given(st.integers(-(10**9), 10**9), st.integers(-(10**9), 10**9))
def test_what_is_set_off_is_never_more_than_credit_or_open_amount(due: int, outstanding: int) -> None:
    (applied,) = set_off(pd.Series([due]), pd.Series([outstanding]))
    assert abs(applied) <= min(abs(due), abs(outstanding))
    assert applied == 0 or (applied > 0) == (due > 0) == (outstanding > 0)
    assert abs(outstanding - applied) <= abs(outstanding)


@pytest.mark.parametrize(
    "text", ["21", "21:", ":5", "x:5", "21:0", "21:-5", "21:1.005", "21:5,21:6", "21:5;6:2"]
)
def test_amounts_that_can_not_be_read_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"21|RATE|positive|twice"):
        parse_amounts(text)


def test_amounts_by_rate() -> None:
    assert parse_amounts("21:50.00, 6:1,S12.5:2") == {("", 2100): 5000, ("", 600): 100, ("S", 1250): 200}
    assert parse_amounts(" ") == {}
