"""Words and errors are explained, and every kind of error has its text."""

import pytest

from invoicebatch import errors
from invoicebatch.errors import InvoicebatchError
from invoicebatch.interfaces.cli.explain import glossary
from invoicebatch.interfaces.cli.main import run


def kinds(of: type[InvoicebatchError]) -> list[type[InvoicebatchError]]:
    return [of, *(one for kind in of.__subclasses__() for one in kinds(kind))]


def test_every_kind_of_error_is_explained_and_nothing_else() -> None:
    ours = [kind for kind in kinds(InvoicebatchError) if kind.__module__ == errors.__name__]
    assert {kind("x").id for kind in ours} == set(glossary()["errors"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["mandate"], "mandate: The debtor's permission"),
        (["Payment", "bundles"], "payment bundle: "),
        (["approval_failed"], "approval_failed: "),
        (["ib-filter"], "IB-FILTER: "),
        (["credit"], "credit: "),
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
