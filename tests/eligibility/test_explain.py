"""What people read: summaries, masks behind them, and the decision table."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from invoicebatch.eligibility import Evaluation, Rules

Judge = Callable[..., Evaluation]


def test_summary_lists_few_values_and_counts_many_together(judge: Judge) -> None:
    few = judge({"status": "approved"}, {"status": "approved"}, {"status": "empty"}, {})
    assert few.summary("download.document") == [
        {"reason": "status is approved, not created", "rows": 2},
        {"reason": "status is empty, not created", "rows": 1},
    ]
    many = judge(*({"outstanding_cents": -n} for n in range(20)))
    assert many.summary("assign.collection_case") == [{"reason": "nothing to receive", "rows": 20}]
    assert many.rows_failing("assign.collection_case", "nothing to receive").all()
    text = "nothing to receive, outstanding is EUR -0.07"
    assert many.rows_failing("assign.collection_case", text).nonzero()[0].tolist() == [7]
    assert not many.rows_failing("assign.collection_case", "another reason").any()


def test_rows_keep_the_index_of_the_frame(
    rules: Rules, frame_of: Callable[..., pd.DataFrame], judge: Judge
) -> None:
    frame = frame_of({}, {"status": "empty"}).set_axis(pd.Index([7, 7]))
    today = pd.Timestamp("2026-11-22").date()
    evaluation = rules.evaluate(frame, today=today, switches={}, picked_by_hand=True)
    texts = (evaluation.reasons("create"), evaluation.all_reasons("create"))
    for series in (*texts, evaluation.part("create")):
        assert series.index.tolist() == [7, 7]
    assert all(series.dtype == "str" for series in texts)
    assert evaluation.words.dtype == "uint64"


def test_every_reason_in_order(judge: Judge) -> None:
    row = {"status": "approved", "document_sha256": None, "customer_email": None}
    assert judge(row).all_reasons("send_via.email")[0].split("; ") == [
        "status is approved, not created",
        "customer 00050 has no e-mail address",
    ]


def test_amounts_show_the_currency_of_their_row(judge: Judge) -> None:
    evaluation = judge({"outstanding_cents": 0}, {"outstanding_cents": -123456, "currency": "GBP"}, {})
    assert evaluation.reasons("assign.collection_case").tolist() == [
        "nothing to receive, outstanding is EUR 0.00",
        "nothing to receive, outstanding is GBP -1,234.56",
        "",
    ]


def test_missing_and_hostile_values(judge: Judge) -> None:
    evaluation = judge(
        {"customer_email": None, "customer_id": "\x1b[31m{status}\nA"},
        {"customer_email": None, "customer_id": "9" * 200},
        {"shipping_status": "sent", "sent_at": None},
    )
    assert evaluation.reasons("send_via.email").tolist() == [
        "customer  [31m{status} A has no e-mail address",
        f"customer {'9' * 79}… has no e-mail address",
        "imported as sent, by no channel of this workspace; mark_as.not_shipped takes that back, again = true sends it all the same",
    ]


def test_what_is_absent_is_the_only_reason(judge: Judge) -> None:
    """No fact about something that is not there is a reason beside its absence."""
    nothing: dict[str, object] = dict.fromkeys(judge().frame.columns)
    always = {"status": "empty", "kind": "invoice", "currency": "EUR", "company_account_id": "NL",
              "shipping_status": "to_send", "export_status": "unexported"}  # fmt: skip
    evaluation = judge({**nothing, **always}, collection=True, peppol=True)
    table = {action: evaluation.all_reasons(action).iloc[0] for action in evaluation.actions}
    print("\n".join(f"{action:32} {reasons}" for action, reasons in table.items()))
    assert not [reasons for reasons in table.values() if "none" in reasons]
    assert "mandate" not in table["assign.bank_file"]
    assert table["send_via.email"].split("; ") == [
        "status is empty, not created",
        "no customer, or a customer without a name",
    ]


def test_a_customer_without_a_mandate_is_told_that_once(judge: Judge) -> None:
    gone = dict.fromkeys(
        ("mandate_id", "mandate_status", "mandate_iban", "mandate_scheme", "mandate_signed_on")
    )
    assert judge(gone).all_reasons("assign.bank_file").item() == "customer 00050 has no active mandate"


def test_an_undated_mandate_is_collected_where_the_settings_say_so(judge: Judge) -> None:
    old = {"mandate_signed_on": "2015-01-01"}
    assert judge(old).count("assign.bank_file") == 0
    assert judge(old, collect_undated_mandates=True).count("assign.bank_file") == 1
    lapsed = {**old, "mandate_last_used_on": "2020-01-01"}
    assert judge(lapsed, collect_undated_mandates=True).count("assign.bank_file") == 0


def test_no_rows(judge: Judge, rules: Rules) -> None:
    evaluation = judge()
    for action in rules.actions:
        assert evaluation.count(action) == 0
        assert evaluation.summary(action) == []
        assert evaluation.eligible(action).tolist() == []
        assert evaluation.reasons(action).tolist() == []


@pytest.mark.parametrize("rows", [65_535, 65_537, 150_000])
def test_rows_past_one_chunk(
    judge: Judge, frame_of: Callable[..., pd.DataFrame], rules: Rules, rows: int
) -> None:
    small = frame_of({}, {"status": "empty"}, {"document_sha256": None})
    frame = small.iloc[[i % 3 for i in range(rows)]].reset_index(drop=True)
    today = pd.Timestamp("2026-11-22").date()
    evaluation = rules.evaluate(frame, today=today, switches={}, picked_by_hand=True)
    assert evaluation.eligible("download.document").nonzero()[0].tolist() == list(range(0, rows, 3))
    assert evaluation.count("delete") == len(range(1, rows, 3))


def test_other_order_of_categories_and_plain_texts(
    rules: Rules, frame_of: Callable[..., pd.DataFrame]
) -> None:
    frame = frame_of({}, {"status": "empty"}, {"status": "approved"})
    turned = frame.assign(
        status=frame["status"].cat.reorder_categories(
            ["created", "empty", "approved", "approval_failed", "generation_failed"]
        )
    )
    plain = frame.assign(status=frame["status"].astype("str"))
    today = pd.Timestamp("2026-11-22").date()
    for other in (turned, plain, frame.iloc[::-1].iloc[::-1], frame.astype({"number": object})):
        evaluation = rules.evaluate(other, today=today, switches={}, picked_by_hand=True)
        assert evaluation.eligible("create").tolist() == [False, False, True]
        assert evaluation.eligible("delete").tolist() == [False, True, False]
        assert evaluation.eligible("export.ubl").tolist() == [True, True, True]


def test_decision_table(rules: Rules, shipped: Path) -> None:
    table = rules.decision_table()
    assert tuple(table.index) == rules.actions
    assert table.loc["approve", "is_empty_or_failed"] == "yes"
    assert table.loc["assign.bank_file", "has_refund_iban"] == "refunds"
    assert table.loc["assign.payment_plan", "one_customer"] == "selection"
    assert table.loc["create", "is_created"] == ""
    assert (table != "").any().all()
    facts = rules.fact_table().set_index("fact")
    assert facts.loc["is_created", "when"] == "status == 'created'"
    assert facts.loc["not_credited", "actions"] == "credit"
    assert facts.loc["is_created", "source"] == str(shipped / "facts.toml")
    assert (facts["actions"] != "").all()


def test_a_missing_and_an_empty_value_are_one_reason(judge: Judge) -> None:
    evaluation = judge(
        {"shipping_status": "sending", "shipping_channel": None},
        {"shipping_status": "sending", "shipping_channel": ""},
    )
    (entry,) = evaluation.summary("mark_as.shipped")
    assert entry["rows"] == 2
    assert evaluation.rows_failing("mark_as.shipped", entry["reason"]).tolist() == [True, True]
