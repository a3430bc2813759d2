"""French reports: totals of sales to private persons, and a message for each invoice that is paid."""

import zipfile
from pathlib import Path

import pandas as pd
import pytest

from invoicebatch.errors import ParameterError
from invoicebatch.formats.validation.schematron import run_schematron
from invoicebatch.interfaces.api import Workspace, init_workspace

PLACE = {"country": "FR", "city": "Paris", "postcode": "75001", "street": "Rue 1"}
SELLER = {"vat_id": "FR83404833048", "legal_id": "404833048", "legal_id_scheme": "0002", "endpoint_id": None,
          "endpoint_scheme": None}  # fmt: skip
BUYER = {"vat_id": "FR44732829320", "legal_id": "732829320", "legal_id_scheme": "0002", "endpoint_id": None,
         "endpoint_scheme": None}  # fmt: skip


@pytest.fixture
def workspace(tmp_path, make_documents) -> Workspace:
    """Six documents of a French seller, every third a credit note; customers 1 and 4 are private persons."""
    invoices, tables = make_documents(6, 2)
    accounts = tables["company_accounts"].assign(**PLACE, **SELLER)
    customers = tables["customers"].assign(**PLACE, **BUYER)
    customers["is_business"] = [False, True, True, False, True, True]
    invoices = invoices.drop(columns=["mandate_id", "mandate_iban"]).assign(
        external_id=[f"X{i}" for i in invoices["invoice_id"]], outstanding_cents=2420, paid_cents=0
    )
    invoices.loc[1, ["outstanding_cents", "paid_cents"]] = [0, 2420]
    workspace = init_workspace(tmp_path / "workspace")
    with workspace.store.write() as session:
        session.insert("company_accounts", accounts)
        session.insert("customers", customers)
        for name in ("lines", "vat_breakdown"):
            session.insert(name, tables[name])
        session.insert("invoices", invoices)
        session.insert(
            "payments",
            pd.DataFrame(
                [
                    {
                        "payment_id": "P",
                        "invoice_id": 2,
                        "booked_on": pd.Timestamp("2026-11-25"),
                        "amount_cents": 2420,
                    }
                ]
            ),
        )
        session.reserve_ids(6)
    return workspace


def report(workspace: Workspace, **params):
    return workspace.select(all=True).plan("export.france", **params).apply()


def written(found) -> list[Path]:
    return [Path(file["path"]) for file in found.to_dict()["files"]]


def test_sales_to_private_persons_are_summed_by_day_and_rate(workspace):
    found = report(workspace)
    assert set(found.refused["reason"]) == {
        "the customer is a business: its invoices are reported one by one"
    }
    (path,) = written(found)
    rows = pd.read_csv(path)
    assert path.name == "b2c.csv"
    assert rows.iloc[0].tolist()[1:] == ["2026-11-20", "TLB1", "EUR", 21.0, 2, 40.0, 8.4]


def test_a_paid_invoice_gets_one_message_of_its_day(workspace, shared):
    found = report(workspace, report="paid")
    assert len(found.done) == 1
    assert found.refused["reason"].str.contains("not paid").sum() == 3
    (path,) = written(found)
    assert path.name == "F2026-000002_212.xml"
    message = path.read_bytes()
    assert b"20261125" in message
    assert b'<ram:ValueAmount currencyID="EUR">24.20</ram:ValueAmount>' in message
    rules = shared / "validation/france-ctc-1.4.0.03/BR-FR-CDV-Schematron-CDAR_V1.4.0.03.xslt"
    (failures,) = run_schematron([message], [rules])
    assert [each.rule for each in failures if each.fatal] == []


def test_every_status_of_the_life_cycle_is_written_and_taken_back(workspace, shared):
    reason = {"reason_code": "DOUBLE_FACT", "reason": "Facture en double"}
    messages, said = [], {}
    for status in ("deposited", "received", "in_process", "accepted", "under_query", "rejected"):
        found = report(workspace, report=status, **(reason if status in ("under_query", "rejected") else {}))
        (archive,) = written(found)
        with zipfile.ZipFile(archive) as zipped:
            messages += [zipped.read(name) for name in zipped.namelist() if name.endswith(".xml")][:1]
        taken = workspace.import_answers([archive])
        said[status] = set(taken.loc[taken["outcome"] == "taken", "answer"])
        assert len(found.done) == (taken["outcome"] == "taken").sum() == 4
    assert said == {status: {status} for status in said}
    rules = shared / "validation/france-ctc-1.4.0.03/BR-FR-CDV-Schematron-CDAR_V1.4.0.03.xslt"
    failures = run_schematron(messages, [rules])
    assert [[each.rule for each in of if each.fatal] for of in failures] == [[]] * 6


def test_a_refusal_says_why_in_the_words_of_the_french_list(workspace):
    for params in ({"report": "rejected"}, {"report": "accepted", "reason_code": "DOUBLON"}):
        with pytest.raises(ParameterError, match="reason_code must be"):
            workspace.select(all=True).plan("export.france", **params)
