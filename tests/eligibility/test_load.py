"""Rule files: what is wrong is named, and a workspace can only tighten what is shipped."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from invoicebatch.eligibility import Rules, load_rules
from invoicebatch.errors import RulesError, UnknownNameError

OK_FACTS = '[is_created]\nwhen = "status == \'created\'"\nreason = "status is {status}"\n'
OK_ACTIONS = '[download.document]\nneeds = ["is_created"]\n'

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a folder of rules; returns it."""

    def make(facts: str | None = None, actions: str | None = None, name: str = "rules") -> Path:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        for file, text in (("facts.toml", facts), ("actions.toml", actions)):
            if text is not None:
                (folder / file).write_text(text, encoding="utf-8")
        return folder

    return make


def fact(when: str, reason: str = "no") -> str:
    return f"[some]\nwhen = '''{when}'''\nreason = '''{reason}'''\n"


WRONG_CONDITIONS = [
    ("colour == 'red'", "there is no column colour"),
    ("statu == 'created'", "did you mean status"),
    ("status == 'creatd'", "status has no value 'creatd': empty, approval_failed"),
    ("status in ('created', 'gone')", "no value 'gone'"),
    ("status = 'created'", "write ==, not ="),
    ("number IS NOT NULL AND total <> 0", "write !=, not <>, write and, not AND, write not, not NOT, write is, not IS"),
    ("number == None", "write number is None"),
    ("outstanding_cents > 0", "there is no column outstanding_cents: write outstanding; amounts are decimals"),
    ("outstanding == '5'", "outstanding (amount) can't be compared with '5'"),
    ("outstanding == 1.005", "outstanding is never 1.005: amounts have two decimals"),
    ("total in (1, 0.001)", "total is never 0.001"),
    ("payment_term_days == 14.5", "it is a whole number"),
    ("total > 0.1234567", "more than 6 decimals"),
    ("outstanding > True", "outstanding (amount) can't be compared with True"),
    ("outstanding > payment_term_days", "outstanding (amount) can't be compared with payment_term_days (number)"),
    ("number == 5", "number (text) can't be compared with 5"),
    ("number > 'A'", "number has no order"),
    ("number == ''", "counts as missing"),
    ("due_date < 'tomorrow'", "write it as 2026-01-31"),
    ("due_date < 20260101", "due_date (date) can't be compared with 20260101"),
    ("outstanding > today", "outstanding (amount) can't be compared with today (date)"),
    ("today - 30 < today", "a comparison needs a column"),
    ("total - 30 > 0", "whole days can be added"),
    ("due_date < today - 999999", "too far"),
    ("status", "alone is no condition"),
    ("status == kind", "can't be compared"),
    ("customer_is_business == 1", "customer_is_business (flag) can't be compared with 1"),
    ("status is 'created'", "`is` is for None only"),
    ("status in 'created'", "`in` needs a column and a list"),
    ("status in ()", "`in` needs a column and a list"),
    ("number in (currency,)", "`in` needs a column and a list of constants"),
    ("today is None", "today is no column"),
    ("1 == 1", "a comparison needs a column"),
    ("number == 'x", "is no expression"),
    ("", "must be a text"),
    ("__import__('os').system('true')", "not allowed"),
    ("number.upper() == 'A'", "not allowed"),
    ("(lambda: 1)() == 1", "not allowed"),
    ("[x for x in (1,)] == total", "not allowed"),
    ("number == f'{today}'", "not allowed"),
    ("outstanding * 2 > 1", "not allowed"),
    ("total if True else paid", "not allowed"),
    ("starts_with(number, 'A')", "not allowed"),
    ("True", "True alone is no condition"),
    ("-number == 'A'", "-number"),
    ("outstanding > 99999999999999999999", "too large"),
    ("outstanding > 1e400", "too large"),
    ("not " * 50 + "customer_is_business", "too many levels"),
    ("not " * 240 + "customer_is_business and (" , "is no expression"),
    ("(" * 300 + "1" + ")" * 300, "no expression"),
    ("number != 'a'" + " and number != 'a'" * 100, "longer than 1000"),
    ("number == 'a\0'", "null"),
]  # fmt: skip


@pytest.mark.parametrize(("when", "message"), WRONG_CONDITIONS)
def test_wrong_condition_names_file_and_key(write: Write, shipped: Path, when: str, message: str) -> None:
    text = '[some]\nwhen = "number == \'a\\u0000\'"\nreason = "no"\n' if "\0" in when else fact(when)
    with pytest.raises(RulesError, match=r"facts\.toml: some\.when") as caught:
        load_rules(write(text), shipped)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("reason", "message"),
    [
        ("is {colour}", "there is no column colour"),
        ("owes {outstanding_cents}", "write outstanding; amounts are decimals"),
        ("is {status!r}", "plain column name"),
        ("is {status.x}", "plain column name"),
        ("is {0}", "plain column name"),
        ("is {status:>9}", "plain column name"),
        ("is {status", "expected '}'"),
        ("  ", "must be a text"),
    ],
)
def test_wrong_reason(write: Write, shipped: Path, reason: str, message: str) -> None:
    with pytest.raises(RulesError, match=r"facts\.toml: some\.reason") as caught:
        load_rules(write(fact("status == 'created'", reason)), shipped)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("facts", "actions", "message"),
    [
        ("[a]\nwhen = 1\nreason = 'x'", None, "a.when must be a text"),
        ("[a]\nwhen = 'collection'", None, "a.reason must be a text"),
        ("[a]\nwhen = 'collection'\nreason = 'x'\nwehn = 1", None, "a.wehn is no known key"),
        ("a = 1", None, "a must be a table"),
        ("[a]\nwhen = 'collection'\nreason = 'x'\n[a]\n", None, "is not valid TOML"),
        ("[a]\nwhen = 'collection'\nwhen = 'peppol'\n", None, "is not valid TOML"),
        ("[a", None, "is not valid TOML"),
        ("[one_customer]\nwhen = 'peppol'\nreason = 'x'", None, "one_customer is a fact of the selection"),
        (None, "[approv]\nneeds = []", "there is no action approv"),
        (None, "[approve]\nneeds = ['is_emty']", "approve.needs: there is no fact is_emty"),
        (None, "[approve]\nneeds = ['one_customer']", "put it under selection"),
        (None, "[approve]\nselection = ['is_empty']", "approve.selection: there is no fact is_empty"),
        (None, "[approve]\nneeds = 'is_empty'", "must be a list"),
        (None, "[approve]\nneeds = ['owes', 'owes']", "owes stands twice"),
        (None, "[approve]\nnedes = []", "approve"),
        (None, "[approve]\nneeds = []\nmore = 1", "approve.more is no known key"),
        (None, "approve = 1", "approve must be a table"),
        (None, "[assign.bank_file.parts.gifts]\nneeds = []", "parts.gifts is no part"),
        (None, "[assign.bank_file.parts.refunds]\nneed = []", "parts.refunds.need is no known key"),
        (None, "[assign.bank_file]\nparts = 3", "must be a table"),
        (None, "[approve.parts.x]\nneeds = []", "approve.parts.x is no part of this action"),
    ],
)
def test_wrong_file(
    write: Write, shipped: Path, facts: str | None, actions: str | None, message: str
) -> None:
    with pytest.raises(RulesError) as caught:
        load_rules(write(facts, actions), shipped)
    assert message in str(caught.value)
    assert ("facts.toml" if facts else "actions.toml") in caught.value.message


def test_not_utf8(write: Write, shipped: Path) -> None:
    folder = write()
    (folder / "facts.toml").write_bytes(b'[a]\nwhen = "\xff"\n')
    with pytest.raises(RulesError, match="not UTF-8"):
        load_rules(folder, shipped)


def test_shipped_rules_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(RulesError, match=r"facts\.toml can't be read: No such file"):
        load_rules(None, tmp_path)


def test_a_workspace_may_leave_the_files_out(write: Write, shipped: Path, rules: Rules) -> None:
    assert load_rules(write(), shipped).by_action == rules.by_action
    assert load_rules(write().parent / "nowhere", shipped).by_action == rules.by_action


def test_a_copy_of_the_shipped_files_changes_nothing(tmp_path: Path, shipped: Path, rules: Rules) -> None:
    shutil.copytree(shipped, tmp_path / "rules")
    copy = load_rules(tmp_path / "rules", shipped)
    assert copy.by_action == rules.by_action
    assert copy.notes == ()


def test_a_workspace_adds_facts_and_needs(write: Write, shipped: Path, rules: Rules) -> None:
    facts = "[is_small]\nwhen = 'total < 1000'\nreason = 'total is {total}, ask the head'\n"
    folder = write(
        facts,
        '[approve]\nneeds = ["is_empty_or_failed", "let_go_by_review", "is_small"]\n[credit]\nneeds = ["is_small"]\n',
    )
    own = load_rules(folder, shipped)
    assert own.by_action["approve"].needs == (
        "not_busy",
        "is_empty_or_failed",
        "let_go_by_review",
        "is_small",
    )
    assert own.by_action["credit"].needs == (*rules.by_action["credit"].needs, "is_small")
    assert own.by_action["create"] == rules.by_action["create"]
    assert own.actions == rules.actions
    assert own.sources["is_small"] == folder / "facts.toml"
    assert own.sources["is_created"] == shipped / "facts.toml"
    assert "total_cents" in own.columns - rules.columns


def test_needs_left_out_stay_and_are_noted(write: Write, shipped: Path, rules: Rules) -> None:
    folder = write(
        None,
        '[approve]\nneeds = []\n[credit]\nneeds = ["not_credited"]\n[assign.payment_plan]\nselection = ["one_customer"]',
    )
    own = load_rules(folder, shipped)
    assert own.by_action == rules.by_action
    assert [note.partition(": ")[2] for note in own.notes] == [
        "approve leaves out is_empty_or_failed; it is asked for all the same",
        "approve leaves out let_go_by_review; it is asked for all the same",
        "credit leaves out is_ours; it is asked for all the same",
        "credit leaves out is_approved_or_later; it is asked for all the same",
        "credit leaves out not_credit_note; it is asked for all the same",
        "credit leaves out not_in_written_bundle; it is asked for all the same",
        "assign.payment_plan leaves out picked_by_hand; it is asked for all the same",
        "assign.payment_plan leaves out one_account; it is asked for all the same",
    ]


def test_parts_can_be_tightened(write: Write, shipped: Path, rules: Rules) -> None:
    own = load_rules(write(None, '[assign.bank_file.parts.refunds]\nneeds = ["has_number"]'), shipped)
    assert own.by_action["assign.bank_file"].parts["refunds"] == ("is_owed", "has_refund_iban", "has_number")
    assert own.by_action["assign.bank_file"].needs == rules.by_action["assign.bank_file"].needs


def test_a_shipped_fact_can_be_reworded_but_not_changed(write: Write, shipped: Path) -> None:
    reworded = '[is_created]\nwhen = "(status==\'created\')"\nreason = "statut {status}"\n'
    assert load_rules(write(reworded), shipped).facts["is_created"].reason.text == "statut {status}"
    loosened = "[is_created]\nwhen = \"status in ('created', 'empty')\"\nreason = \"no\"\n"
    with pytest.raises(RulesError, match=r"is_created\.when differs") as caught:
        load_rules(write(loosened), shipped)
    assert "Shipped: status == 'created'" in caught.value.hint


def test_no_rule_file_loosens_the_status_transitions(write: Write) -> None:
    """Even a changed shipped file: the transition table in the code is the floor."""
    facts = (
        '[any]\nwhen = "status != \'empty\'"\nreason = "no"\n'
        '[other]\nwhen = "status == \'empty\' or customer_is_business"\nreason = "no"\n'
    )
    for actions, status in (
        ('[create]\nneeds = ["any"]', "status created|status approval_failed|status generation_failed"),
        ('[delete]\nneeds = ["other"]', "may only start from empty"),
        ("[approve]\nneeds = []", "may only start from approval_failed, empty"),
        ("[regenerate]\nneeds = ['any']", "status appro"),
    ):
        folder = write(facts, actions, name="changed")
        with pytest.raises(RulesError, match=r"needs would let in rows with status") as caught:
            load_rules(None, folder)
        assert pd.Series([str(caught.value)]).str.contains(status).all()


def test_at_most_64_facts(write: Write, shipped: Path, rules: Rules) -> None:
    room = 64 - len(rules.bits)
    names = [f"f{i}" for i in range(room + 1)]
    facts = "".join(f"[{n}]\nwhen = 'total > {i}'\nreason = 'no'\n" for i, n in enumerate(names))
    full = load_rules(write(facts, f"[approve]\nneeds = {names[:-1]}"), shipped)
    assert len(full.bits) == 64
    with pytest.raises(RulesError, match="65 facts, at most 64"):
        load_rules(write(facts, f"[approve]\nneeds = {names}"), shipped)


def test_unknown_names_at_evaluation(rules: Rules, frame_of: Callable[..., pd.DataFrame]) -> None:
    arguments = {"today": pd.Timestamp("2026-11-22").date(), "switches": {}, "picked_by_hand": True}
    with pytest.raises(UnknownNameError, match="no action approove"):
        rules.evaluate(frame_of({}), **arguments, actions=["approove"])
    with pytest.raises(UnknownNameError, match="column status"):
        rules.evaluate(frame_of({}).drop(columns="status"), **arguments, actions=["approve"])
    only = rules.evaluate(frame_of({}), **arguments, actions=["approve"])
    with pytest.raises(UnknownNameError, match="credit was not asked about"):
        only.count("credit")
    alone = frame_of({})[["status", "review", "busy_run"]]
    assert rules.evaluate(alone, **arguments, actions=["approve"]).count("approve") == 0
