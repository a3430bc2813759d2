"""How files write numbers, dates, truth and money: read as meant, or refused."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from invoicebatch.errors import InputFileError
from invoicebatch.ingest.intake import Intake

Take = Callable[..., Intake]
INVOICE = "external_id,company_account_id,currency\nA1,NL,{currency}\n"


def lines(*prices: str) -> str:
    rows = "".join(f"A1;Water;1;{price};21\n" for price in prices)
    return "external_id;name;quantity;price;vat_rate\n" + rows


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["1 234,56"], ["1234.56"]),
        (["1\u00a0234,5"], ["1234.5"]),
        (["1\u202f234\u202f567,89"], ["1234567.89"]),
        (["1\u2009000"], ["1000"]),
        (["1'234.50"], ["1234.5"]),
        (["1.000", "12.50"], ["1", "12.5"]),
        (["1.000", "12,50"], ["1000", "12.5"]),
        (["1.000", "1.234.567"], ["1000", "1234567"]),
        (["0.125"], ["0.125"]),
    ],
)
def test_numbers_are_read_as_they_are_meant(take: Take, cells: list[str], expected: list[str]) -> None:
    intake = take({"lines.csv": lines(*cells)})
    assert intake.refused.empty
    assert intake.frames["lines"]["price"].tolist() == [Decimal(text) for text in expected]


@pytest.mark.parametrize("cell", ["1.000", "-12.345", "999.999", "12 50", "1 2345", "1,000"])
def test_a_number_that_can_be_read_in_two_ways_is_refused(take: Take, cell: str) -> None:
    intake = take({"lines.csv": lines(cell)})
    assert intake.frames["lines"].empty
    assert "can be read in two ways" in intake.refused["reason"].item()
    said = take({"lines.csv": lines(cell)}, decimal=".")
    assert len(said.frames["lines"]) == (cell not in ("12 50", "1 2345"))


@pytest.mark.parametrize(
    ("word", "meaning"), [("WAAR", True), ("ONWAAR", False), ("VRAI", True), ("faux", False)]
)
def test_truth_is_read_in_the_languages_of_spreadsheets(take: Take, word: str, meaning: bool) -> None:
    frame = take({"customers.csv": f"customer_id,is_business\n1,{word}\n"}).frames["customers"]
    assert frame["is_business"].tolist() == [meaning]


US = "external_id,company_account_id,due_date\nA1,NL,03/04/2026\nA2,NL,12/25/2026\nA3,NL,12/31/2026\n"


def test_a_date_format_that_fits_a_part_only_stops_before_anything_is_taken(take: Take) -> None:
    with pytest.raises(InputFileError) as caught:
        take({"invoices.csv": US}, date_format="dd/mm/yyyy")
    assert "invoices.csv, column due_date: 1 of its dates fit dd/mm/yyyy, but 3 fit mm/dd/yyyy" in str(
        caught.value
    )
    assert "date_format = 'mm/dd/yyyy'" in str(caught.value)
    days = take({"invoices.csv": US}, date_format="mm/dd/yyyy").frames["invoices"]["due_date"]
    assert days.dt.strftime("%d.%m.%Y").tolist() == ["04.03.2026", "25.12.2026", "31.12.2026"]


def test_a_date_in_a_calculation_stops_as_well(take: Take) -> None:
    mapping = {
        "invoices": {
            "external_id": "external_id",
            "company_account_id": {"constant": "NL"},
            "due_date": {"derived": "date(due_date, 'dd/mm/yyyy') + 30"},
        }
    }
    with pytest.raises(InputFileError, match="3 fit mm/dd/yyyy"):
        take({"invoices.csv": US}, mapping)


def test_one_mistyped_date_is_refused_by_cell(take: Take) -> None:
    text = US.replace("12/25/2026", "25/12/2026").replace("A3,NL,12/31", "A3,NL,31/13")
    intake = take({"invoices.csv": text}, date_format="dd/mm/yyyy")
    assert intake.frames["invoices"]["external_id"].tolist() == ["A1", "A2"]
    assert intake.refused["column"].tolist() == ["due_date"]


def test_a_currency_without_decimals_has_whole_amounts(take: Take) -> None:
    yen = INVOICE.format(currency="JPY")
    text = "external_id,name,quantity,price,price_base,vat_rate\nA1,Water,1,1255.5,1,10\nA1,Gas,1,1000,3,8\n"
    intake = take({"invoices.csv": yen, "lines.csv": text})
    assert intake.frames["lines"]["net_cents"].tolist() == [125600, 33300]
    (row,) = intake.frames["invoices"].to_dict("records")
    assert (row["net_total_cents"], row["vat_total_cents"], row["total_cents"]) == (158900, 15300, 174200)


def test_a_stated_amount_with_decimals_that_its_currency_lacks_is_refused(take: Take) -> None:
    yen = "external_id,company_account_id,currency,total\nA1,NL,JPY,1381.05\nA2,NL,JPY,1381\nA3,NL,EUR,1.05\n"
    intake = take({"invoices.csv": yen})
    assert intake.frames["invoices"]["external_id"].tolist() == ["A2", "A3"]
    assert intake.refused["reason"].item() == "JPY has no decimals"


@pytest.mark.parametrize(("currency", "reason"), [("KWD", "more than two decimals"), ("EURO", "no ISO 4217")])
def test_a_currency_that_no_amount_can_hold_is_refused(take: Take, currency: str, reason: str) -> None:
    intake = take({"invoices.csv": INVOICE.format(currency=currency), "lines.csv": lines("10.00")})
    assert intake.frames["invoices"].empty
    assert intake.frames["lines"].empty
    assert intake.refused["reason"].str.contains(reason).any()
    accounts = take({"accounts.csv": f"company_account_id,name,currency\nK,Kuwait,{currency}\n"})
    assert accounts.frames["company_accounts"].empty


def test_a_file_that_names_no_currency_is_in_that_of_each_account(take: Take) -> None:
    accounts = "company_account_id,name,currency\nJP,Shop,JPY\nNL,Shop,EUR\n"
    invoices = "external_id,company_account_id\nA1,JP\nA2,NL\n"
    intake = take({"accounts.csv": accounts, "invoices.csv": invoices})
    assert intake.frames["invoices"]["currency"].tolist() == ["JPY", "EUR"]
    stored = take({"invoices.csv": invoices}, currencies={"JP": "JPY", "NL": "EUR"})
    assert stored.frames["invoices"]["currency"].tolist() == ["JPY", "EUR"]
