"""Collections that come as announced: on the date that was told, and told in time."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from invoicebatch.engine.base import clock
from invoicebatch.errors import ParameterError
from invoicebatch.interfaces.api import Workspace
from invoicebatch.model.payments.calendar import add_banking_days

Make = Callable[..., Workspace]
DUE = [pd.Timestamp(day) for day in ("2027-01-29", "2027-01-29", "2027-02-05")]


def test_on_the_due_date_there_is_a_bundle_a_date(money_workspace: Make) -> None:
    ws = money_workspace(3, due_date=DUE)
    early = {"collection_date": add_banking_days(clock.today(), 5)}
    refused = ws.select(all=True).plan("assign.bank_file", **early).refused["reason"]
    assert refused.str.contains("due on 2027-0.-.., after the collection date").all()
    assert ws.select(all=True).plan("assign.bank_file", early=True, **early).eligible == 3
    ws.select(all=True).plan("assign.bank_file").apply()
    listed = ws.payments.list().sort_values("collection_date")
    assert listed["collection_date"].dt.strftime("%Y-%m-%d").tolist() == ["2027-01-29", "2027-02-05"]
    assert listed["items"].tolist() == [2, 1]


def test_what_is_given_is_a_date_within_a_year(money_workspace: Make) -> None:
    ws = money_workspace(3, due_date=DUE)
    assert len(ws.select(all=True).plan("assign.bank_file").preview["groups"]) == 3
    with pytest.raises(ParameterError, match="must be a date"):
        ws.select(all=True).plan("assign.bank_file", collection_date="due")
    with pytest.raises(ParameterError, match="more than a year ahead"):
        ws.select(all=True).plan("assign.bank_file", collection_date="2099-01-01")


def test_who_was_not_told_in_time_is_counted_and_refused_where_asked(
    money_workspace: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = [pd.Timestamp(day) for day in ("2027-01-10", "2027-01-20", "NaT")]
    ws = money_workspace(
        3,
        due_date=DUE,
        shipping_status=["sent", "sent", "to_send"],
        sent_at=pd.Series(told, dtype="datetime64[us]"),
    )
    plan = ws.select(all=True).plan("assign.bank_file")
    assert plan.preview["notice"].set_index("without_notice")["invoices"].to_dict() == {
        "told on 2027-01-20, 9 days before the collection; 14 are to lie between": 1,
        "not told: its document was not sent": 1,
    }
    assert plan.eligible == 3
    for days, eligible in ((14, [1]), (1, [1, 2])):
        monkeypatch.setenv("INVOICEBATCH_PAYMENT__REQUIRE_NOTICE", "true")
        monkeypatch.setenv("INVOICEBATCH_PAYMENT__NOTICE_DAYS", str(days))
        strict = type(ws)(ws.root).select(all=True).plan("assign.bank_file")
        assert strict.rows.loc[strict.rows["eligible"], "invoice_id"].tolist() == eligible
        assert len(strict.refused) == 3 - len(eligible)


def test_a_mandate_may_agree_on_another_notice_than_the_settings(
    money_workspace: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("INVOICEBATCH_PAYMENT__COLLECTION_DATE", "due date")
    monkeypatch.setenv("INVOICEBATCH_PAYMENT__REQUIRE_NOTICE", "true")
    told = pd.Series([pd.Timestamp("2027-01-20")] * 3, dtype="datetime64[us]")
    ws = money_workspace(3, due_date=DUE[:1] * 3, shipping_status="sent", sent_at=told)
    (tmp_path / "mandates.csv").write_text("mandate_id,customer_id,iban,signed_on,notice_days\n" + "\n".join(
        f"M-{i},K{i},{iban},2025-01-01,{days}"
        for i, iban, days in ((0, "BE68539007547034", 1), (1, "NL91ABNA0417164300", ""), (2, "DE89370400440532013000", -1))
    ))  # fmt: skip
    refused = ws.import_files([tmp_path / "mandates.csv"], kind="mandates").refused
    assert refused["column"].tolist() == ["notice_days"]
    plan = ws.select(all=True).plan("assign.bank_file")
    assert plan.rows.loc[plan.rows["eligible"], "invoice_id"].tolist() == [3]  # K0
    assert plan.refused["reason"].str.contains("9 days before the collection; 14 are to lie between").all()
