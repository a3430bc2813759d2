"""Interest and costs of late payment: exact by half year, and refused by name where nothing is known."""

from datetime import date
from pathlib import Path

import pytest

from invoicebatch.errors import RulesError
from invoicebatch.model.payments.collection import FILE
from invoicebatch.model.payments.late_payment import LatePayment, load_late_payment

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def law() -> LatePayment:
    return load_late_payment(ROOT)


@pytest.mark.parametrize(
    ("cents", "country", "customer", "due", "today", "interest"),
    [
        (100_000, "NL", "business", date(2024, 6, 30), date(2024, 7, 30), 1_007),  # 30 days at 12.25 %
        (100_000, "NL", "business", date(2024, 6, 20), date(2024, 7, 10), 678),  # 10 at 12.5 %, 10 at 12.25 %
        (100_000, "BE", "business", date(2026, 1, 1), date(2026, 1, 31), 863),  # 10.15 % is 10.5 % there
        (100_000, "DE", "private", date(2026, 1, 1), date(2026, 1, 31), 515),  # 1.27 + 5 %
        (100_000, "NL", "private", date(2024, 1, 1), date(2024, 12, 31), 7_000),  # 365 days of a leap year
        (100_000, "NL", "business", date(2026, 3, 1), date(2026, 3, 1), 0),
    ],
)
def test_interest_runs_by_the_day_at_the_rate_of_its_half_year(
    law, cents, country, customer, due, today, interest
):
    assert law.interest_on(cents, country, customer, due, today) == interest


@pytest.mark.parametrize(
    ("country", "customer", "today", "said"),
    [
        ("NL", "business", date(2026, 7, 1), f"no rate for 2026-07-01 in {FILE}: late_payment.rates.ecb"),
        ("BE", "private", date(2026, 3, 2), f"no late_payment.interest for private persons in BE in {FILE}"),
    ],
)
def test_what_is_not_in_the_file_has_no_default(law, country, customer, today, said):
    with pytest.raises(LookupError) as error:
        law.interest_on(100_000, country, customer, date(2026, 3, 1), today)
    assert error.value.args == (said,)


def test_costs_are_those_of_country_and_customer(law):
    assert law.costs_of("NL", "business").cost.cents(1) == 4_000
    dutch = law.costs_of("NL", "private")
    assert [dutch.cost.cents(cents) for cents in (10_000, 300_000, 200_000_000)] == [4_000, 42_500, 677_500]
    with pytest.raises(LookupError, match="costs for private persons in DE"):
        law.costs_of("DE", "private")


def test_a_rate_that_is_no_text_or_begins_within_a_half_year_is_refused_by_place(tmp_path):
    (tmp_path / "rules").mkdir()
    for row, said in (
        ('half_year = 2026-02-01, percent = "2"', "1 January or 1 July"),
        ("half_year = 2026-01-01, percent = 2.15", "a percentage is a text"),
    ):
        (tmp_path / FILE).write_text(f'[late_payment.rates]\necb = [{{ {row}, source = "x" }}]\n')
        with pytest.raises(RulesError, match=said) as error:
            load_late_payment(tmp_path)
        assert "late_payment.rates.ecb" in str(error.value)
