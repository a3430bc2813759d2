"""Reading the table of evidence by which payments are matched: the shipped one, with what a workspace changes."""

from pathlib import Path
from typing import Final

from invoicebatch.errors import RulesError
from invoicebatch.files.rule_tables import tables, valid
from invoicebatch.model.payments.incoming.rules import WORDS, Evidence, Rules

FILE: Final = "matching.toml"


def load_evidence(root: Path) -> Rules:
    """The kinds of evidence of a workspace.

    Args:
        root: the workspace; its rules/matching.toml, where there is one, replaces evidence by evidence.

    Raises:
        RulesError: a file can't be read, or a key in it is wrong or unknown; file and key are named.
    """
    return {name: _evidence(file, name, table) for name, (file, table) in tables(root, FILE).items()}


def _evidence(file: Path, name: str, table: object) -> Evidence:
    if name not in WORDS:
        raise RulesError(f"{file}: there is no evidence {name}.", f"There are: {', '.join(WORDS)}.")
    return valid(Evidence, file, name, table)
