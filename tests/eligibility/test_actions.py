"""The shipped rules against the specification: each action takes what it should, and says why not."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from invoicebatch.eligibility import Evaluation, Rules
from invoicebatch.errors import UnknownNameError
from invoicebatch.model.status import Kind, Status

Judge = Callable[..., Evaluation]

STATUSES = {
    "approve": {"empty", "approval_failed"},
    "create": {"approved"},
    "download.document": {"created"},
    "download.merged": {"created"},
    "assign.bank_file": {"created"},
    "assign.collection_case": {"created"},
    "regenerate": {"created", "generation_failed"},
    "mark_as.shipped": {"created"},
    "mark_as.reviewed": {"empty", "approval_failed"},
    "send_via.preferred": {"created"},
    "send_via.email": {"created"},
    "send_via.post": {"created"},
    "send_via.einvoice": {"created"},
    "credit": {"approved", "generation_failed", "created"},
    "delete": {"empty"},
}

ACCEPTED: list[tuple[str, dict[str, Any]]] = [
    ("download.document", {}),
    ("assign.bank_file", {}),
    ("assign.bank_file", {"plan_status": "cancelled", "payment_plan_id": "P1"}),
    ("assign.bank_file", {"mandate_last_used_on": "2023-11-23"}),
    ("assign.bank_file", {"mandate_scheme": "B2B", "customer_is_business": True}),
    ("assign.bank_file", {"outstanding_cents": -5, "payment_method": "credit_transfer"}),
    ("assign.bank_file", {"outstanding_cents": -5, "kind": "statement", "mandate_status": None}),
    ("assign.bank_file", {"is_open_item": True, "document_sha256": None}),
    ("assign.collection_case", {"is_open_item": True, "document_sha256": None}),
    ("assign.collection_case", {}),
    ("assign.collection_case", {"case_status": "closed"}),
    ("assign.collection_step", {"case_status": "active", "case_next_step_on": "2026-11-22"}),
    (
        "assign.collection_step",
        {
            "case_status": "active",
            "case_next_step_on": "2026-11-22",
            "payment_plan_id": "P1",
            "plan_status": "active",
            "plan_next_due_on": "2026-11-21",
        },
    ),
    ("assign.payment_plan", {}),
    ("assign.payment_plan", {"payment_plan_id": "P1", "plan_status": "completed"}),
    ("regenerate", {"status": "generation_failed", "document_sha256": None}),
    ("export.invoices", {"status": "empty", "number": None}),
    ("export.job", {"status": "approval_failed"}),
    ("export.ubl", {}),
    ("export.france", {}),
    ("export.aging", {"is_open_item": True, "document_sha256": None, "outstanding_cents": -5}),
    ("export.aging", {"status": "generation_failed", "document_version": 1}),
    ("download.statement", {"is_open_item": True, "document_sha256": None, "outstanding_cents": 0}),
    ("mark_as.shipped", {"shipping_status": "failed"}),
    ("mark_as.not_shipped", {"shipping_status": "sent", "shipping_channel": "marked", "sent_version": 1}),
    ("mark_as.not_shipped", {"shipping_status": "sent", "shipping_channel": "email"}),
    ("mark_as.exported", {}),
    ("mark_as.not_exported", {"export_status": "exported"}),
    ("send_via.preferred", {"customer_email": None}),
    ("send_via.email", {"shipping_status": "failed"}),
    ("send_via.post", {"customer_email": None}),
    ("send_via.einvoice", {"customer_endpoint_id": None, "customer_siret": "73282932000074"}),
    ("credit", {"kind": "correction_note"}),
]

SENT: dict[str, Any] = {"shipping_status": "sent", "sent_at": "2026-11-02 23:59"}
DUE: dict[str, Any] = {"case_status": "active", "case_next_step_on": "2026-11-22"}

REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("approve", {}, "status is created, not empty or approval failed"),
    ("create", {}, "status is created, not approved"),
    ("download.document", {"document_sha256": None}, "no document is stored; regenerate it"),
    ("download.merged", {"document_sha256": ""}, "no document is stored; regenerate it"),
    ("assign.bank_file", {"payment_bundle_id": "B7"}, "already in payment bundle B7"),
    ("assign.bank_file", {"outstanding_cents": 0}, "nothing is outstanding"),
    ("assign.bank_file", {"currency": "GBP"}, "currency is GBP; SEPA payments are in EUR"),
    ("assign.bank_file", {"payment_method": "credit_transfer"}, "customer 00050 does not pay by direct debit"),
    ("assign.bank_file", {"mandate_status": "cancelled"}, "customer 00050 has no active mandate"),
    ("assign.bank_file", {"mandate_status": None}, "customer 00050 has no active mandate"),
    ("assign.bank_file", {"mandate_iban": None}, "customer 00050 has no active mandate"),
    (
        "assign.bank_file",
        {"mandate_last_used_on": "2023-11-21"},
        "mandate M1 has lapsed: last used on 2023-11-21, more than 36 months ago",
    ),
    (
        "assign.bank_file",
        {"mandate_signed_on": "2020-01-01"},
        (
            "when mandate M1, signed on 2020-01-01, was last used is not known: import it with last_used_on,"
            " or set collect_undated_mandates under [payment] for all such mandates"
        ),
    ),
    (
        "assign.bank_file",
        {"mandate_scheme": "B2B"},
        "mandate M1 is B2B, but customer 00050 is a private person",
    ),
    (
        "assign.bank_file",
        {"payment_plan_id": "P1", "plan_status": "active"},
        "already in payment plan P1",
    ),
    ("assign.bank_file", {"account_creditor_id": None}, "company account NL has no SEPA creditor identifier"),
    ("assign.bank_file", {"account_iban": None}, "company account NL has no IBAN"),
    (
        "assign.bank_file",
        {"outstanding_cents": -5, "customer_iban": None},
        "customer 00050 has no IBAN for refunds",
    ),
    ("assign.collection_case", {"outstanding_cents": -1210}, "nothing to receive, outstanding is EUR -12.10"),
    ("assign.collection_case", {"case_status": "active"}, "already in a collection case, which is active"),
    ("assign.collection_case", {"case_status": "paused"}, "already in a collection case, which is paused"),
    ("assign.collection_step", {}, "no active collection case"),
    (
        "assign.collection_step",
        {"case_status": "active", "case_next_step_on": "2026-11-23"},
        "next step is due on 2026-11-23",
    ),
    ("assign.payment_plan", {"payment_plan_id": "P1", "plan_status": "draft"}, "already in payment plan P1"),
    ("assign.payment_plan", {"outstanding_cents": 0}, "nothing to receive, outstanding is EUR 0.00"),
    (
        "regenerate",
        {"is_open_item": True},
        "is an open item of an earlier system: its lines and its document are there, not here",
    ),
    ("regenerate", {"status": "approved"}, "status is approved, not created or generation failed"),
    ("export.ubl", {"number": None, "status": "approved"}, "no invoice number yet, status is approved"),
    ("export.france", {"number": None, "status": "approved"}, "no invoice number yet, status is approved"),
    (
        "send_via.einvoice",
        {"buyer_answer": "rejected", "buyer_answer_reason": "prices are wrong"},
        "rejected by the buyer (prices are wrong): credit and reissue it",
    ),
    (
        "export.aging",
        {"status": "generation_failed", "document_version": 0},
        "status is generation failed, not created: nothing is owed on it yet",
    ),
    (
        "download.statement",
        {"status": "approved", "document_version": 0},
        "status is approved, not created: nothing is owed on it yet",
    ),
    ("mark_as.shipped", {"shipping_status": "sending", "shipping_channel": "email"}, "is being sent by email; see the outbox"),
    ("send_via.email", {"customer_email": None}, "customer 00050 has no e-mail address"),
    ("send_via.email", {"customer_id": None, "customer_name": None}, "no customer, or a customer without a name"),
    (
        "send_via.email",
        SENT | {"shipping_channel": "post", "sent_version": 1},
        "already sent by post on 2026-11-02; again = true sends it once more",
    ),
    (
        "send_via.email",
        SENT | {"shipping_channel": "post", "sent_version": 1, "changed_since_sent": True},
        "already sent by post on 2026-11-02, in version 1; again = true sends the present document",
    ),
    (
        "send_via.email",
        SENT | {"shipping_channel": "marked"},
        "marked as shipped on 2026-11-02, sent by no channel; mark_as.not_shipped takes the mark back",
    ),
    (
        "send_via.email",
        SENT | {"shipping_channel": "marked", "sent_version": 1, "changed_since_sent": True},
        "marked as shipped on 2026-11-02, sent by no channel; mark_as.not_shipped takes the mark back",
    ),
    (
        "send_via.email",
        SENT | {"shipping_channel": "email"},
        "imported as sent, by no channel of this workspace; mark_as.not_shipped takes that back, again = true sends it all the same",
    ),
    (
        "mark_as.not_shipped",
        SENT | {"shipping_channel": "email", "sent_version": 1},
        "was sent by email on 2026-11-02, which no mark takes back; send_via with again = true sends it once more",
    ),
    ("assign.collection_step", DUE | {"payment_bundle_id": "B1"}, "already in payment bundle B1"),
    (
        "assign.collection_step",
        DUE | {"payment_plan_id": "P1", "plan_status": "active", "plan_next_due_on": "2026-11-22"},
        "in payment plan P1, which is kept: next instalment on 2026-11-22",
    ),
    (
        "assign.collection_step",
        DUE | {"payment_plan_id": "P1", "plan_status": "draft", "plan_next_due_on": "2026-12-22"},
        "in payment plan P1, which is kept: next instalment on 2026-12-22",
    ),
    ("send_via.post", {"customer_city": None}, "customer 00050 has no town"),
    (
        "send_via.einvoice",
        {"customer_endpoint_scheme": None},
        "customer 00050 has no Peppol id with scheme, nor a SIRET for Chorus Pro, of an integration that is on",
    ),
    ("credit", {"kind": "credit_note"}, "is a credit note itself"),
    ("credit", {"credited_by": 77, "credited_by_note": "credit note C-7"}, "already credited, by credit note C-7"),
    ("delete", {}, "status is created; only empty documents can be deleted"),
    (
        "delete",
        {"status": "empty", "payment_plan_id": "P1", "plan_status": "active"},
        "already in payment plan P1",
    ),
]  # fmt: skip


@pytest.mark.parametrize("action", STATUSES)
def test_status_decides(judge: Judge, action: str) -> None:
    number = {"empty": None, "approval_failed": None, "approved": None}
    rows = [{"status": status, "number": number.get(status, "N1")} for status in Status]
    eligible = judge(*rows).eligible(action)
    assert {str(s) for s, ok in zip(Status, eligible, strict=True) if ok} == STATUSES[action]


@pytest.mark.parametrize(("action", "change"), ACCEPTED)
def test_takes(judge: Judge, action: str, change: dict[str, Any]) -> None:
    evaluation = judge(change)
    assert evaluation.reasons(action).tolist() == [""]
    assert evaluation.all_reasons(action).tolist() == [""]
    assert evaluation.eligible(action).tolist() == [True]
    assert evaluation.count(action) == 1
    assert evaluation.summary(action) == []


@pytest.mark.parametrize(("action", "change", "reason"), REFUSED)
def test_refuses(judge: Judge, action: str, change: dict[str, Any], reason: str) -> None:
    evaluation = judge(change)
    assert evaluation.reasons(action).tolist() == [reason]
    assert evaluation.eligible(action).tolist() == [False]
    assert evaluation.summary(action) == [{"reason": reason, "rows": 1}]
    assert evaluation.rows_failing(action, reason).tolist() == [True]


@pytest.mark.parametrize(
    ("action", "change", "reason"), [row for row in REFUSED if SENT.items() <= row[1].items()]
)
def test_how_a_document_was_sent_is_said_once(
    judge: Judge, action: str, change: dict[str, Any], reason: str
) -> None:
    assert judge(change).all_reasons(action).tolist() == [reason]


def test_bank_file_parts(judge: Judge) -> None:
    evaluation = judge({}, {"outstanding_cents": -5}, {"outstanding_cents": 0})
    assert evaluation.part("assign.bank_file").tolist() == ["collections", "refunds", ""]


def test_a_row_meant_for_refunds_is_not_told_about_mandates(judge: Judge) -> None:
    evaluation = judge({"outstanding_cents": -5, "customer_iban": None, "mandate_status": None})
    assert evaluation.all_reasons("assign.bank_file").tolist() == ["customer 00050 has no IBAN for refunds"]


@pytest.mark.parametrize(
    ("action", "switch"), [("assign.collection_case", "collection"), ("assign.collection_step", "collection")]
)
def test_collection_switched_off(judge: Judge, action: str, switch: str) -> None:
    evaluation = judge({"case_status": None}, **{switch: False})
    assert "switched off" in evaluation.reasons(action)[0]


def test_einvoice_needs_an_integration_and_its_own_receiver(judge: Judge) -> None:
    off = judge({}, peppol=False, chorus_pro=False)
    assert "switched off" in off.reasons("send_via.einvoice")[0]
    only_chorus = judge({}, {"customer_siret": "73282932000074"}, peppol=False)
    assert only_chorus.eligible("send_via.einvoice").tolist() == [False, True]


def test_payment_plan_looks_at_the_whole_selection(judge: Judge) -> None:
    action = "assign.payment_plan"
    assert judge({}, {}).eligible(action).tolist() == [True, True]
    assert (
        judge({}, {"customer_id": "9"}).reasons(action).tolist()
        == ["the selection is not of one customer"] * 2
    )
    assert judge({}, {"company_account_id": "BE"}).summary(action) == [
        {"reason": "the selection is not of one company account", "rows": 2}
    ]
    everything = judge({}, {"customer_id": "9"}, picked_by_hand=False)
    assert "everything at once is not accepted" in everything.reasons(action)[0]
    picked_all = judge({}, {"outstanding_cents": 0}, picked_by_hand=False)
    assert picked_all.eligible(action).tolist() == [False, False]
    assert "picked one by one" in picked_all.reasons(action)[0]
    assert "outstanding is EUR 0.00; rows must be picked" in picked_all.all_reasons(action)[1]


def test_each_row_by_itself_leaves_the_selection_aside(judge: Judge) -> None:
    rows = ({}, {"customer_id": "9"}, {"outstanding_cents": 0})
    evaluation = judge(*rows, picked_by_hand=False)
    assert evaluation.of_rows().eligible("assign.payment_plan").tolist() == [True, True, False]
    assert (
        evaluation.of_rows().reasons("assign.payment_plan")[2]
        == "nothing to receive, outstanding is EUR 0.00"
    )
    assert evaluation.of_rows().eligible("delete").tolist() == evaluation.eligible("delete").tolist()
    assert evaluation.eligible("assign.payment_plan").tolist() == [False] * 3


def test_what_the_selection_as_a_whole_rules_out(rules: Rules, frame_of: Callable[..., pd.DataFrame]) -> None:
    other, none = {"customer_id": "9"}, {"customer_id": None}
    frame = frame_of({}, {}, other, {"company_account_id": "BE"}, none, none)

    def blocked(*rows: int, picked: bool = True, **options: Any) -> dict[str, str]:
        return rules.blocked(frame, np.isin(np.arange(len(frame)), rows), picked, **options)

    plan, customer = "assign.payment_plan", "the selection is not of one customer"
    assert blocked(0, 1) == blocked(2) == blocked() == {}
    assert blocked(0, 2) == blocked(4) == blocked(4, 5) == {plan: customer}
    assert blocked(0, 3) == {plan: "the selection is not of one company account"}
    assert "picked one by one" in blocked(0, 2, picked=False)[plan]
    assert blocked(0, 2, actions=["approve"]) == {}
    with pytest.raises(UnknownNameError, match="no action approove"):
        blocked(0, actions=["approove"])
    with pytest.raises(UnknownNameError, match="column customer_id"):
        rules.blocked(frame[["company_account_id"]], np.ones(6, dtype=bool), True)


def test_a_row_far_down_is_seen_among_the_selected(
    rules: Rules, frame_of: Callable[..., pd.DataFrame]
) -> None:
    frame = frame_of({}, {"customer_id": "9"}).iloc[[0] * 1500 + [1]].reset_index(drop=True)
    assert set(rules.blocked(frame, np.arange(1501) < 1500, True)) == set()
    assert set(rules.blocked(frame, np.ones(1501, dtype=bool), True)) == {"assign.payment_plan"}


def test_rows_without_customer_are_not_of_one_customer(judge: Judge) -> None:
    none = {"customer_id": None}
    assert judge(none, none).count("assign.payment_plan") == 0


def test_every_action_of_the_specification_in_bar_order(rules: Rules) -> None:
    expected = (
        "approve", "create", "download.document", "download.merged", "download.statement",
        "assign.bank_file", "assign.collection_case", "assign.collection_step",
        "assign.collection_status", "assign.payment_plan", "assign.payment_plan_status", "regenerate", "export.invoices", "export.lines", "export.measurements", "export.aging", "export.xml", "export.ubl", "export.france",
        "export.external", "export.job", "mark_as.shipped", "mark_as.exported", "mark_as.not_exported", "mark_as.reviewed",
        "send_via.preferred", "send_via.email", "send_via.post", "send_via.einvoice", "credit", "delete",
        "payments.release", "payments.write", "payments.confirm", "payments.cancel", "payments.reject", "payments.remove", "payments.recall", "payments.book",
        "payments.match", "payments.unmatch", "payments.set_off", "payments.write_off",
    )  # fmt: skip
    assert tuple(action for action in rules.actions if action in expected) == expected


def test_only_credit_notes_are_kept_from_being_credited(judge: Judge) -> None:
    eligible = judge(*({"kind": kind} for kind in Kind)).eligible("credit")
    assert [str(k) for k, ok in zip(Kind, eligible, strict=True) if not ok] == ["credit_note"]
