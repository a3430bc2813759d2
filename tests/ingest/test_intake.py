"""Files of our own columns to frames: amounts, refusals, defaults, documents kept whole."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from invoicebatch.errors import InputFileError, UnknownNameError
from invoicebatch.ingest.intake import Intake, read_files
from invoicebatch.model.schema import TABLES
from tests.ingest.conftest import INVOICES, LINES

Take = Callable[..., Intake]


def reasons(intake: Intake) -> dict[tuple[int, str], str]:
    refused = intake.refused
    return dict(zip(zip(refused["row"], refused["column"], strict=True), refused["reason"], strict=True))


def test_totals_come_from_the_lines(take: Take) -> None:
    intake = take({"invoices.csv": INVOICES, "lines.csv": LINES})
    first = intake.frames["invoices"].set_index("external_id").loc["A1"]
    assert intake.refused.empty
    assert intake.frames["lines"]["net_cents"].tolist() == [250, 302, 200, 1000]
    assert (first["net_total_cents"], first["vat_total_cents"], first["total_cents"]) == (752, 116 + 18, 886)
    assert first["outstanding_cents"] == 886
    breakdown = intake.frames["vat_breakdown"].set_index(["external_id", "vat_rate_bp"])
    assert breakdown.loc[("A1", 2100), "taxable_cents"] == 552
    assert breakdown.loc[("A1", 900), "tax_cents"] == 18


def test_frames_have_declared_dtypes_and_sources(take: Take) -> None:
    intake = take({"invoices.csv": INVOICES, "lines.csv": LINES})
    for name, frame in intake.frames.items():
        assert len(intake.sources[name]) == len(frame)
        for column in set(frame.columns) & set(TABLES[name].frame_names):
            assert frame[column].dtype == TABLES[name].column(column).dtype, f"{name}.{column}"
    assert intake.sources["lines"]["row"].tolist() == [2, 3, 4, 5]


def test_zeros_of_ids_are_kept(take: Take) -> None:
    intake = take({"invoices.csv": INVOICES, "lines.csv": LINES})
    assert intake.frames["invoices"]["customer_id"].tolist() == ["00013", "C2"]


def test_stated_totals_are_kept_for_approval_to_judge(take: Take) -> None:
    stated = "external_id,company_account_id,total,net_total,prepaid\nA1,NL,99.99,7.52,10.00\nA2,NL,,,0\n"
    intake = take({"invoices.csv": stated, "lines.csv": LINES})
    invoices = intake.frames["invoices"].set_index("external_id")
    assert invoices.loc["A1", ["net_total_cents", "vat_total_cents", "total_cents"]].tolist() == [
        752,
        134,
        9999,
    ]
    assert invoices.loc["A1", "outstanding_cents"] == 8999
    assert invoices.loc["A2", "total_cents"] == 1210


@pytest.mark.parametrize(
    ("column", "cell", "reason"),
    [
        ("total", "12,345", "is not a number, or can be read in two ways"),
        ("total", "12.3456", "has more than 2 decimals"),
        ("total", "abc", "is not a number"),
        ("total", "1e5", "is not a number"),
        ("total", "NaN", "is not a number"),
        ("total", "999999999999", "is an absurd amount"),
        ("total", "99999999999999999999999", "is not a number"),
        ("due_date", "03/04/2026", "only yyyy-mm-dd is sure"),
        ("due_date", "2026-02-30", "is no date"),
        ("due_date", "20226-01-01", "is no date"),
        ("due_date", "soon", "is no date"),
        ("payment_term_days", "1.5", "is not a whole number"),
        ("kind", "bill", "is not one of: invoice, advance"),
        ("status", "approved", "is given by actions"),
        ("note", "x" * 4001, "is longer than 4,000 characters"),
    ],
)
def test_a_bad_cell_refuses_its_row_and_no_other(take: Take, column: str, cell: str, reason: str) -> None:
    good = "invoice" if column == "kind" else ""
    text = f'external_id,company_account_id,{column}\nA1,NL,"{cell}"\nA2,NL,{good}\n'
    intake = take({"invoices.csv": text})
    assert intake.frames["invoices"]["external_id"].tolist() == ["A2"]
    (row,) = intake.refused.to_dict("records")
    assert (row["file"], row["row"], row["column"]) == ("invoices.csv", 2, column)
    assert row["value"] == (cell if len(cell) < 200 else cell[:199] + "…")
    assert reason in row["reason"]


def test_doubled_ids_name_each_other_and_repetitions_are_taken_once(take: Take) -> None:
    text = "external_id,company_account_id,note\nA1,NL,x\nA1,NL,y\nA2,NL,z\nA2,NL,z\nA3,NL,\n"
    intake = take({"invoices.csv": text})
    assert intake.frames["invoices"]["external_id"].tolist() == ["A2", "A3"]
    assert reasons(intake) == {
        (2, "external_id"): "the same external_id as invoices.csv row 3",
        (3, "external_id"): "the same external_id as invoices.csv row 2",
        (5, "external_id"): "repeats invoices.csv row 4, which was taken",
    }


def test_a_document_with_a_refused_line_is_refused_whole(take: Take) -> None:
    broken = LINES.replace("A1,Gas,3,1.005,21", "A1,Gas,many,1.005,21")
    intake = take({"invoices.csv": INVOICES, "lines.csv": broken})
    assert intake.frames["invoices"]["external_id"].tolist() == ["A2"]
    assert intake.frames["lines"]["external_id"].tolist() == ["A2"]
    assert len(intake.refused.drop_duplicates(["file", "row"])) == 4
    because = intake.refused[intake.refused["file"] == "invoices.csv"]["reason"].item()
    assert because == "belongs to a document that was refused because of row 3 of lines.csv"


def test_a_line_that_cannot_be_read_as_a_row_spoils_its_document_too(take: Take) -> None:
    broken = LINES.replace("A1,Gas,3,1.005,21", "A1,Gas, natural,3,1.005,21")
    intake = take({"invoices.csv": INVOICES, "lines.csv": broken})
    assert intake.frames["invoices"]["external_id"].tolist() == ["A2"]
    assert intake.frames["lines"]["external_id"].tolist() == ["A2"]
    assert len(intake.refused.drop_duplicates(["file", "row"])) == 4
    assert intake.read == 6


def test_ids_and_names_hold_no_line_breaks_and_nothing_unseen(take: Take) -> None:
    text = 'customer_id,name\n"a\nb","Ann\u200b\u202e Lee"\n'
    (row,) = take({"customers.csv": text}).frames["customers"].to_dict("records")
    assert row == {"customer_id": "a b", "name": "Ann Lee"}


def test_lines_of_a_refused_invoice_are_refused(take: Take) -> None:
    broken = (
        INVOICES.replace("external_id,", "external_id,due_date,")
        .replace("A1,", "A1,never,")
        .replace("A2,", "A2,,")
    )
    intake = take({"invoices.csv": broken, "lines.csv": LINES})
    assert intake.frames["lines"]["external_id"].tolist() == ["A2"]
    assert len(intake.refused.drop_duplicates(["file", "row"])) == 4


def test_a_line_without_vat_data_is_refused(take: Take) -> None:
    lines = "external_id,name,price,vat_category,vat_rate\nA,x,1,S,\nB,x,1,,0\nC,x,1,Z,5\nD,x,1,E,\nE,x,1,,21\nF,x,1,Q,0\nG,x,1,S,0\n"
    intake = take({"lines.csv": lines})
    assert intake.frames["lines"]["external_id"].tolist() == ["D", "E"]
    assert intake.frames["lines"]["vat_category"].tolist() == ["E", "S"]
    assert intake.refused["row"].tolist() == [2, 3, 4, 7, 8]
    with pytest.raises(InputFileError, match="no column vat_rate"):
        take({"lines.csv": "external_id,name,price\nA,x,1\n"})


def test_allowances_and_charges_enter_the_totals(take: Take) -> None:
    allowances = (
        "external_id,line_no,is_charge,amount,vat_category,vat_rate\n"
        "A2,1,no,1.00,,\nA2,,no,2.00,S,21\nA2,,yes,0.50,S,21\n"
    )
    intake = take({"invoices.csv": INVOICES, "lines.csv": LINES, "allowance_charges.csv": allowances})
    invoice = intake.frames["invoices"].set_index("external_id").loc["A2"]
    assert invoice["line_total_cents"] == 900
    assert (invoice["allowance_total_cents"], invoice["charge_total_cents"]) == (200, 50)
    assert (invoice["net_total_cents"], invoice["vat_total_cents"]) == (750, 158)


def test_a_price_per_hundred_is_divided(take: Take) -> None:
    lines = "external_id,name,quantity,price,price_base,vat_rate\nA,x,33,10,100,21\nB,x,1,10,0,21\n"
    intake = take({"lines.csv": lines})
    assert intake.frames["lines"]["net_cents"].tolist() == [330]
    assert reasons(intake) == {(3, "price_base"): "the base quantity of a price can't be zero"}


def test_no_account_is_refused_by_row_and_a_default_helps(take: Take) -> None:
    text = "external_id,company_account_id\nA1,NL\nA2,\n"
    assert reasons(take({"invoices.csv": text})) == {(3, "company_account_id"): "no company account is named"}
    helped = take({"invoices.csv": text}, company_account_id="BE", currency="EUR")
    assert helped.frames["invoices"]["company_account_id"].tolist() == ["NL", "BE"]
    assert helped.frames["invoices"]["currency"].tolist() == ["EUR", "EUR"]


def test_measurements_are_numbered_within_their_line(take: Take) -> None:
    text = (
        "external_id,line_no,meter_id,date_from,date_to,usage\n"
        "A1,1,M,2026-01-01,2026-01-31,10.5\nA1,1,M,2026-02-01,2026-02-28,11\nA1,2,M,2026-01-01,2026-01-31,1\n"
    )
    assert take({"measurements.csv": text}).frames["measurements"]["reading_no"].tolist() == [1, 2, 1]


def test_payments_get_the_same_ids_again(take: Take) -> None:
    text = "external_id,booked_on,amount\nA1,2026-01-05,10.00\nA1,2026-01-05,10.00\nA2,2026-01-06,-3\n"
    first, again = take({"payments.csv": text}), take({"payments.csv": text})
    ids = first.frames["payments"]["payment_id"]
    assert ids.is_unique
    assert ids.tolist() == again.frames["payments"]["payment_id"].tolist()
    assert first.frames["payments"]["amount_cents"].tolist() == [1000, 1000, -300]


def test_accounts_bring_their_number_series(take: Take) -> None:
    text = "company_account_id,name,number_pattern\nNL,Shop,F{year}{seq:05d}\n"
    intake = take({"accounts.csv": text})
    assert intake.frames["number_ranges"]["pattern"].tolist() == ["F{year}{seq:05d}"]
    assert intake.fallbacks["number_ranges"]["series"].tolist() == ["credit_note"]


def test_unknown_columns_are_said_with_the_nearest_name(take: Take) -> None:
    intake = take({"customers.csv": "customer_id,postcde,shoe_size\n1,1012,44\n"})
    assert intake.unused == [
        "customers.csv: column postcde is unknown and was not read; did you mean postcode?",
        "customers.csv: column shoe_size is unknown and was not read",
    ]
    paid = take({"invoices.csv": "external_id,company_account_id,paid,number\nA,NL,5,7\n"})
    assert paid.unused[0] == "invoices.csv: column paid is set by actions, so it is not imported"


def test_headers_are_taken_in_any_spelling(take: Take) -> None:
    frame = take(
        {"klanten.csv": "Customer ID; Payment-Term Days;NAME\n007;30;Ann\n"}, kind="customers"
    ).frames["customers"]
    assert frame.to_dict("records") == [{"customer_id": "007", "payment_term_days": 30, "name": "Ann"}]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "", "a.csv is empty"),
        ("a.csv", "  \n\n", "a.csv is empty"),
        ("customers.csv", "customer_id,name\n", "a header and no rows"),
        ("invoices.csv", "id,total\n1,2\n", "has no column external_id. Columns found: id, total"),
        ("x.csv", "foo,bar\n1,2\n", "can't be told from its columns"),
        ("x.csv", b"%PDF-1.7 ...", "is a PDF"),
        ("x.csv", b"\x00\x01\x02\x03binary", "is no text file"),
        ("x.xlsx", b"PK\x03\x04broken", "is damaged"),
        ("x.parquet", b"PAR1nonsense", "can't be read as Parquet"),
        ("x.csv", '{"a": 1}', "is JSON"),
        ("customers.csv", "customer_id,Customer Id\n1,2\n", "are both customer_id"),
        ("customers.csv", "customer_id,name,name\n1,a,b\n", "column name stands twice"),
        ("customers.csv", ",".join(f"c{n}" for n in range(1500)) + "\n", "c19 and 1480 more"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_clear_error(
    take: Take, name: str, content: str | bytes, message: str
) -> None:
    with pytest.raises(InputFileError) as caught:
        take({name: content})
    assert message in str(caught.value)


def test_paths_that_are_no_files(tmp_path: Path) -> None:
    with pytest.raises(InputFileError, match="There is no file"):
        read_files([tmp_path / "nothing.csv"])
    with pytest.raises(InputFileError, match="is a folder"):
        read_files([tmp_path])
    with pytest.raises(InputFileError, match="No file was named"):
        read_files([])
    with pytest.raises(UnknownNameError, match="no kind of file"):
        read_files([tmp_path], "shoes")


def test_a_file_named_twice_is_read_once(take: Take, tmp_path: Path) -> None:
    once = take({"invoices.csv": INVOICES})
    twice = read_files([tmp_path / "invoices.csv", tmp_path / "invoices.csv"])
    assert twice.read == once.read
    assert twice.unused == ["invoices.csv was named twice and read once"]


def test_two_files_of_one_kind_are_joined(take: Take) -> None:
    more = "external_id;company_account_id;total\nB1;NL;1,50\n"
    intake = take({"invoices_jan.csv": INVOICES, "invoices_feb.csv": more})
    assert intake.frames["invoices"]["external_id"].tolist() == ["A1", "A2", "B1"]
    assert intake.frames["invoices"]["total_cents"].tolist() == [0, 0, 150]
    assert [file.kind for file in intake.files] == ["invoices", "invoices"]
    assert pd.Series([file.sha256 for file in intake.files]).is_unique
