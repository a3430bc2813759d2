"""A document is taken whole or not at all: whichever one cell of a good import is emptied or spoiled."""

import os
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from invoicebatch.ingest.intake import Intake, read_files
from invoicebatch.ingest.orphans import lost_advances, short_documents
from tests.examples import in_sweeps

Take = Callable[..., Intake]

GOOD = {
    "invoices.csv": (
        "external_id,kind,company_account_id,customer_id,currency,prepaid,rounding,net_total,total\n"
        "A1,invoice,NL,1,EUR,0,0,,\nA2,credit_note,NL,2,EUR,0,0,-20,-21.80\nA3,final_note,NL,3,EUR,5,0.02,,\n"
        "A4,invoice,NL,4,EUR,0,0,,\n"
    ),
    "lines.csv": (
        "external_id,line_no,name,quantity,unit,price,price_base,net,vat_category,vat_rate,advance_of_external_id\n"
        "A1,1,Gas,10,MTQ,24.75,1,,S,21,\nA1,2,Lessons,2,C62,18.35,1,35.70,S,9,\nA1,3,Export,1,C62,5.25,1,5.25,AE,0,\n"
        "A2,1,Gas,-2,MTQ,1000,100,,S,9,\n"
        "A3,1,Power,3,KWH,12.5,1,,S,21,\nA3,2,Less advance,-1,C62,10,1,-10,S,21,A1\n"
        "A4,1,Water,4,MTQ,2.5,1,10,S,9,\n"
    ),
    "allowance_charges.csv": (
        "external_id,allowance_no,line_no,is_charge,amount,vat_category,vat_rate,reason\n"
        "A1,1,2,no,1.00,,,Discount\nA1,2,,no,2.50,S,21,Discount\nA3,1,,yes,3.75,S,21,Freight\n"
    ),
    "vat_breakdown.csv": (
        "external_id,vat_category,vat_rate,taxable,tax,exemption_reason\n"
        "A2,S,9,-20.00,-1.80,\nA4,S,9,10.00,0.90,\n"
    ),
    "measurements.csv": (
        "external_id,line_no,meter_id,date_from,date_to,usage,unit\n"
        "A1,1,M1,2026-01-01,2026-01-31,10.5,MTQ\nA3,1,M2,2026-01-01,2026-01-31,3.25,KWH\n"
    ),
}
COUNTS = {
    "invoices": ["external_id", "kind", "currency", "net_total_cents", "vat_total_cents",
                 "total_cents", "outstanding_cents"],
    "lines": ["external_id", "line_no", "quantity", "unit", "price", "price_base", "net_cents",
              "vat_category", "vat_rate_bp"],
    "allowance_charges": ["external_id", "line_no", "is_charge", "amount_cents", "vat_category", "vat_rate_bp"],
    "vat_breakdown": ["external_id", "vat_category", "vat_rate_bp", "taxable_cents", "tax_cents"],
    "measurements": ["external_id", "line_no", "meter_id", "date_from", "date_to", "usage", "unit"],
}  # fmt: skip
"""What a document asks, and for what; names, texts and references may be others, or empty."""

ANY_TEXT = ("unit", "meter_id")
"""Columns of which no text can be told from a right one."""

CELLS = [
    (file, row, column)
    for file, text in GOOD.items()
    for row in range(1, text.count("\n"))
    for column in text.partition("\n")[0].split(",")
]


def documents(folder: Path, files: dict[str, str]) -> tuple[dict[str, list[tuple[str, ...]]], set[str]]:
    """What counts of each document that is taken, and the documents that are named as refused."""
    for name, text in files.items():
        (folder / name).write_text(text)
    intake = read_files([folder / name for name in files])
    known = set(intake.frames["invoices"]["external_id"])
    dropped = pd.concat([short_documents(intake, known), lost_advances(intake, known)])
    known -= set(dropped["external_id"])
    taken: dict[str, list[tuple[str, ...]]] = {external: [] for external in known}
    for table, columns in COUNTS.items():
        frame = intake.frames[table][columns].astype("str").fillna("")
        for row in frame[frame["external_id"].isin(known)].itertuples(index=False):
            taken[row.external_id].append((table, *row))
    unknown = [
        set(intake.sources[table]["file"][~frame["external_id"].isin(known)])
        for table, frame in intake.frames.items()
    ]
    refused = set(intake.refused["file"]).union(set(dropped["file"]), *unknown)
    return {key: sorted(rows) for key, rows in taken.items()}, refused


def changed(file: str, row: int, column: str, cell: str) -> dict[str, str]:
    """The good import with another text in one cell."""
    table = [line.split(",") for line in GOOD[file].splitlines()]
    table[row][table[0].index(column)] = cell
    return GOOD | {file: "\n".join(",".join(cells) for cells in table) + "\n"}


@pytest.mark.parametrize("cell", ["", *in_sweeps("99", "???", "-", "#N/A")])
@pytest.mark.parametrize("file", list(GOOD))
def test_one_cell_emptied_or_spoiled_refuses_its_document_or_changes_nothing(
    tmp_path: Path, file: str, cell: str
) -> None:
    good, _ = documents(tmp_path, GOOD)
    assert set(good) == {"A1", "A2", "A3", "A4"}
    places = [place for place in CELLS if place[0] == file]
    for _, row, column in places if os.environ.get("ALL_EXAMPLES") else places[::2]:
        if (cell and column in ANY_TEXT) or (cell == "99" and column != "external_id"):
            continue
        taken, refused = documents(tmp_path, changed(file, row, column, cell))
        differing = {key for key, rows in taken.items() if rows != good.get(key)}
        assert not differing, (column, row, taken, refused)
        assert taken == good or file in refused, (column, row)


@pytest.mark.parametrize("line", ["A1,2,Lessons,2", "A1,2,Lessons"])
def test_a_line_that_cannot_be_read_leaves_no_document_short(tmp_path: Path, line: str) -> None:
    good, _ = documents(tmp_path, GOOD)
    broken = GOOD["lines.csv"].replace("A1,2,Lessons,2,C62,18.35,1,35.70,S,9,", line)
    taken, _ = documents(tmp_path, GOOD | {"lines.csv": broken})
    assert "A1" not in taken
    assert {key: good[key] for key in taken} == taken


def test_only_the_documents_beside_a_lost_line_are_refused(tmp_path: Path) -> None:
    taken, _ = documents(tmp_path, changed("lines.csv", 4, "external_id", ""))
    assert set(taken) == {"A4"}
    taken, _ = documents(tmp_path, changed("lines.csv", 7, "external_id", ""))
    assert set(taken) == {"A1", "A2"}


def test_in_a_file_without_order_every_document_may_lack_a_lost_line(tmp_path: Path) -> None:
    rows = GOOD["lines.csv"].splitlines()
    mixed = [rows[0], *rows[1::2], *rows[2::2]]
    taken, _ = documents(tmp_path, GOOD | {"lines.csv": "\n".join(mixed) + "\n"})
    assert set(taken) == {"A1", "A2", "A3", "A4"}
    mixed[2] = mixed[2].replace("A1,", ",", 1)
    assert documents(tmp_path, GOOD | {"lines.csv": "\n".join(mixed) + "\n"})[0] == {}


def test_a_part_on_a_line_that_is_not_there_refuses_its_document(tmp_path: Path) -> None:
    for file, row in (("allowance_charges.csv", 1), ("measurements.csv", 1)):
        taken, _ = documents(tmp_path, changed(file, row, "line_no", "9"))
        assert set(taken) == {"A2", "A4"}, "the final note goes with its advance"


def test_an_allowance_on_a_document_needs_vat_of_its_own(take: Take) -> None:
    invoices = "external_id,company_account_id\nA1,NL\nA2,NL\n"
    lines = "external_id,name,quantity,price,vat_rate\nA1,Water,1,1000,21\nA2,Water,1,1000,21\n"
    without = "external_id,amount,reason\nA1,100,Discount\n"
    intake = take({"invoices.csv": invoices, "lines.csv": lines, "allowance_charges.csv": without})
    assert intake.frames["invoices"]["external_id"].tolist() == ["A2"]
    assert "vat_rate is empty" in set(intake.refused["reason"])
    empty = "external_id,amount,vat_category,vat_rate\nA1,100,,\nA2,100,,21\n"
    intake = take({"invoices.csv": invoices, "lines.csv": lines, "allowance_charges.csv": empty})
    (row,) = intake.frames["invoices"].to_dict("records")
    assert (row["external_id"], row["net_total_cents"], row["vat_total_cents"]) == ("A2", 90000, 18900)


def test_an_allowance_has_the_vat_of_its_line(take: Take) -> None:
    lines = "external_id,line_no,name,price,vat_rate\nA,1,Water,10,21\nB,1,Water,10,21\n"
    allowances = "external_id,line_no,amount,vat_category,vat_rate\nA,1,1,S,21\nB,1,1,S,9\n"
    intake = take({"lines.csv": lines, "allowance_charges.csv": allowances})
    assert intake.frames["lines"]["external_id"].tolist() == ["A"]
    assert intake.frames["lines"]["net_cents"].tolist() == [900]


def test_a_total_that_nothing_makes_is_refused(take: Take) -> None:
    text = "external_id,company_account_id,net_total,total\nA1,NL,10,12.10\nA2,NL,10,\n"
    intake = take({"invoices.csv": text})
    assert intake.frames["invoices"]["external_id"].tolist() == ["A1"]
    assert "total is empty" in intake.refused["reason"].item()
