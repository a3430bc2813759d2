"""Accounts, customers, mandates: what refuses a row and what is only doubted."""

from collections.abc import Callable

import pytest

from invoicebatch.ingest.checks.identifiers import country_code, is_email, is_vat_id
from invoicebatch.ingest.intake import Intake

Take = Callable[..., Intake]


@pytest.mark.parametrize(
    ("column", "cell", "kept"),
    [
        ("iban", "NL20INGB0001234568", None),
        ("bic", "INGB", None),
        ("country", "Atlantis", None),
        ("language", "klingon", None),
        ("email", "no address", "no address"),
        ("email", "a@example.com Bcc: b@example.com", "a@example.com Bcc: b@example.com"),
        ("vat_id", "NL123456789B01", "NL123456789B01"),
        ("siret", "123", "123"),
    ],
)
def test_a_doubtful_cell_of_a_customer_never_costs_the_customer(
    take: Take, column: str, cell: str, kept: str | None
) -> None:
    intake = take({"customers.csv": f"customer_id,{column}\n1,{cell}\n2,\n"})
    assert intake.refused.empty
    assert intake.frames["customers"]["customer_id"].tolist() == ["1", "2"]
    values = intake.frames["customers"][column].tolist()
    assert [None if value != value else value for value in values] == [kept, None]
    (doubt,) = intake.doubted.to_dict("records")
    assert (doubt["row"], doubt["column"], doubt["value"]) == (2, column, cell)


def test_what_people_write_is_understood(take: Take) -> None:
    rows = "customer_id,country,language,iban,is_business,payment_method\n1,EIRE,NL-be,nl20 ingb 0001 2345 67,ja,Direct Debit\n"
    (row,) = take({"customers.csv": rows}).frames["customers"].to_dict("records")
    assert (row["country"], row["language"], row["iban"]) == ("IE", "nl", "NL20INGB0001234567")
    assert row["is_business"] is True
    assert row["payment_method"] == "direct_debit"


@pytest.mark.parametrize(
    ("column", "cell", "reason"),
    [
        ("iban", "NL20INGB0001234568", "wrong checksum"),
        ("iban", "US123", "is not a country of the IBAN registry"),
        ("mandate_id", "M_1", "is no mandate reference"),
        ("mandate_id", "M" * 36, "is no mandate reference"),
        ("last_used_on", "2025-12-31", "lies before the date of signature"),
        ("signed_on", "", "signed_on is empty"),
        ("scheme", "COR1", "is not one of: CORE, B2B"),
    ],
)
def test_a_mandate_that_could_debit_a_wrong_account_is_refused(
    take: Take, column: str, cell: str, reason: str
) -> None:
    row = {
        "mandate_id": "M1", "customer_id": "1", "iban": "NL20INGB0001234567", "signed_on": "2026-01-01",
        "last_used_on": "", "scheme": "",
    } | {column: cell}  # fmt: skip
    intake = take({"mandates.csv": ",".join(row) + "\n" + ",".join(row.values()) + "\n"})
    assert len(intake.frames["mandates"]) == 0
    assert reason in intake.refused["reason"].item()
    assert intake.refused["column"].item() == column


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("iban", "NL1"),
        ("vat_id", "NL1"),
        ("country", "XX"),
        ("creditor_id", "NL1"),
        ("currency", "EURO"),
        ("email", "x"),
    ],
)
def test_an_account_with_a_wrong_identifier_is_refused(take: Take, column: str, cell: str) -> None:
    intake = take({"accounts.csv": f"company_account_id,name,{column}\nNL,Shop,{cell}\n"})
    assert len(intake.frames["company_accounts"]) == 0
    assert intake.refused["column"].tolist() == [column]


@pytest.mark.parametrize(
    ("file", "given", "column", "good"),
    [
        ("customers", {"customer_id": "1"}, "is_business", "yes"),
        ("customers", {"customer_id": "1"}, "payment_method", "direct_debit"),
        ("customers", {"customer_id": "1"}, "delivery_preference", "post"),
        ("mandates", {"mandate_id": "1", "customer_id": "1", "iban": "NL20INGB0001234567",
                      "signed_on": "2026-01-01"}, "status", "cancelled"),
        ("accounts", {"company_account_id": "1", "name": "Shop"}, "language", "nl"),
        ("accounts", {"company_account_id": "1", "name": "Shop"}, "due_on_weekdays", "yes"),
        ("number_ranges", {"company_account_id": "1", "series": "invoice",
                           "pattern": "{year}-{seq:06d}"}, "yearly_reset", "no"),
        ("open_items", {"number": "1", "company_account_id": "NL", "customer_id": "1", "invoice_date": "2026-01-01",
                        "due_date": "2026-01-15", "outstanding": "10"}, "currency", "EUR"),
    ],
)  # fmt: skip
def test_a_cell_that_is_empty_takes_no_default(
    take: Take, file: str, given: dict[str, str], column: str, good: str
) -> None:
    keys = [key for key in given if given[key] == "1"]
    rows = [{**given, column: ""}, {**given, **dict.fromkeys(keys, "2"), column: good}]
    text = "\n".join([",".join(rows[0]), *(",".join(row.values()) for row in rows)]) + "\n"
    refused = take({f"{file}.csv": text}, kind=file).refused
    assert refused[["row", "column"]].to_numpy().tolist() == [[2, column]]
    assert f"{column} is empty" in refused["reason"].item()


def test_a_column_without_any_value_sets_nothing_back(take: Take) -> None:
    intake = take({"customers.csv": "customer_id,is_business\n1,\n"})
    assert "is_business" not in intake.frames["customers"]
    assert "column is_business is empty in every row, as if it were not there" in intake.unused[0]


def test_check_digits_of_a_creditor_id_are_doubted_only(take: Take) -> None:
    intake = take({"accounts.csv": "company_account_id,name,creditor_id\nNL,Shop,NL00ZZZ900001030000\n"})
    assert len(intake.frames["company_accounts"]) == 1
    assert "wrong check digits" in intake.doubted["reason"].item()


def test_single_identifiers() -> None:
    assert [country_code(word) for word in ("nl", "NLD", "Netherlands", "Nederland", "UK", "Mars")] == [
        "NL", "NL", "NL", "NL", "GB", None,
    ]  # fmt: skip
    assert is_vat_id("BE0400000086")
    assert not is_vat_id("BE0400000087")
    assert is_vat_id("US-anything")
    assert not is_vat_id("12")
    assert is_email("jan+x@mail.example.com")
    assert not is_email("jan@@example.com")
    assert not is_email("jan@localhost")
