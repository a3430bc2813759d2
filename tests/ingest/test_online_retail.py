"""The real Online Retail file through its shipped mapping: every row is in a frame or named."""

import tomllib
from pathlib import Path

import pytest

from invoicebatch.ingest.guess import Known, propose
from invoicebatch.ingest.intake import Intake, read_files
from invoicebatch.ingest.mapping.model import load_mapping, parse_mapping

MAPPING = Path(__file__).parents[2] / "rules" / "mappings" / "online_retail.toml"


@pytest.fixture(scope="module")
def retail(shared: Path) -> Intake:
    file = shared / "data" / "online-retail" / "online_retail_first_50000_lines.xlsx"
    return read_files([file], mapping=load_mapping(MAPPING))


def test_every_row_is_a_line_or_refused_with_a_reason(retail: Intake) -> None:
    assert retail.read == 49_999
    assert len(retail.frames["lines"]) + len(retail.refused.drop_duplicates(["file", "row"])) == retail.read
    assert retail.refused["reason"].value_counts().to_dict() == {
        "a stock movement at no price for nobody, not a sale": 150,
        "a stock movement without a description, not a sale": 142,
    }


def test_lines_become_invoices_and_cancellations_credit_notes(retail: Intake) -> None:
    invoices = retail.frames["invoices"].set_index("external_id")
    assert len(invoices) == 2_178
    assert set(invoices["kind"]) == {"invoice", "credit_note"}
    cancelled = invoices[invoices.index.str.startswith("C")]
    assert (cancelled["kind"] == "credit_note").all()
    assert (cancelled["total_cents"] < 0).all()
    assert invoices.loc["536365", "total_cents"] == 139_12
    assert (invoices["currency"] == "GBP").all()


def test_totals_are_the_sum_of_the_rounded_lines(retail: Intake) -> None:
    invoices, lines = retail.frames["invoices"], retail.frames["lines"]
    sums = lines.groupby("external_id")["net_cents"].sum()
    assert (invoices.set_index("external_id")["total_cents"] == sums.reindex(invoices["external_id"])).all()
    assert (invoices["outstanding_cents"] == invoices["total_cents"]).all()


def test_an_invoice_without_a_customer_is_kept(retail: Intake) -> None:
    assert retail.frames["invoices"]["customer_id"].isna().sum() == 199
    assert retail.fallbacks["customers"]["customer_id"].is_unique


def test_the_same_file_gives_the_same_frames(retail: Intake, shared: Path) -> None:
    file = shared / "data" / "online-retail" / "online_retail_first_50000_lines.xlsx"
    again = read_files([file], mapping=load_mapping(MAPPING))
    for name, frame in retail.frames.items():
        assert frame.equals(again.frames[name])
    assert retail.refused.equals(again.refused)


def test_a_proposed_mapping_reads_the_file_once_its_doubts_are_answered(shared: Path) -> None:
    file = shared / "data" / "online-retail" / "online_retail_first_50000_lines.xlsx"
    proposal = propose(file, Known(("SHOP",)))
    assert {"vat_rate", "vat_category", "kind"} <= {
        doubt.partition(":")[0].split()[-1] for doubt in proposal.doubts
    }
    answered = proposal.toml.replace("# vat_category", "vat_category").replace(
        "# exemption_reason", "exemption_reason"
    )
    mapping = parse_mapping(tomllib.loads(answered), "proposed.toml")
    found = read_files([file], mapping=mapping, defaults={"company_account_id": "SHOP", "currency": "GBP"})
    invoices = found.frames["invoices"].set_index("external_id")
    assert invoices.loc["536365", "total_cents"] == 139_12
    assert (invoices.loc[invoices.index.str.startswith("C"), "kind"] == "credit_note").all()
    assert len(found.frames["lines"]) > 49_000
