"""Words and errors are explained, and every kind of error has its text."""

import json
import tomllib

import pytest

from invoicebatch import errors
from invoicebatch.eligibility.ruleset import SELECTION_FACTS
from invoicebatch.errors import InvoicebatchError
from invoicebatch.files.shipped import shipped
from invoicebatch.interfaces.cli.explain import glossary
from invoicebatch.interfaces.cli.main import run


def kinds(of: type[InvoicebatchError]) -> list[type[InvoicebatchError]]:
    return [of, *(one for kind in of.__subclasses__() for one in kinds(kind))]


def test_every_kind_of_error_is_explained_and_nothing_else() -> None:
    ours = [kind for kind in kinds(InvoicebatchError) if kind.__module__ == errors.__name__]
    assert {kind("x").id for kind in ours} == set(glossary()["errors"])


def test_every_condition_of_a_rule_says_what_to_do_and_nothing_else() -> None:
    facts = tomllib.loads((shipped("rules") / "facts.toml").read_text("utf-8"))
    assert {*facts, *SELECTION_FACTS} == set(glossary()["reasons"])


def test_problems_are_explained_and_counted(make_workspace, capsys: pytest.CaptureFixture[str]) -> None:
    workspace = make_workspace(3, status="created")
    assert run(["doctor", "--explain", "--json", "-w", str(workspace.root)]) == 0
    told = {one["problem"]: one for one in json.loads(capsys.readouterr().out)}
    assert told["Download is not available"]["rows"] == 3
    assert told["Sending failed"]["rows"] == 0
    assert told["A run was interrupted"]["rows"] is None
    assert all(one["solution"] for one in told.values())
    assert run(["doctor", "--explain", "-w", str(workspace.root)]) == 0
    assert "Check the customer's contact details" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["mandate"], "mandate: The debtor's permission"),
        (["Payment", "bundles"], "payment bundle: "),
        (["approval_failed"], "approval_failed: "),
        (["ib-filter"], "IB-FILTER: "),
        (["credit"], "credit: "),
        (["has_email"], "has_email: Import the customer with an email"),
    ],
)
def test_a_word_is_explained(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", *words]) == 0
    assert capsys.readouterr().out.startswith(said)


def test_an_unknown_word_gets_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "mandat"]) == 2
    said = capsys.readouterr().err
    assert "Did you mean mandate?" in said
    assert said.rstrip().endswith("[IB-UNKNOWN-NAME]")


def test_a_wrong_option_has_an_id_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor", "--exlain"]) == 2
    assert capsys.readouterr().err.rstrip().endswith("[IB-USAGE]")
