"""Reading the table of reason codes: the shipped one, with what a workspace changes in it."""

from pathlib import Path
from typing import Final

from invoicebatch.files.rule_tables import tables, valid
from invoicebatch.model.payments.returns import BankReason, Reasons

FILE: Final = "bank_reasons.toml"


def load_reasons(root: Path) -> Reasons:
    """The reason codes of a workspace, each with its words and what follows.

    Args:
        root: the workspace; its rules/bank_reasons.toml, where there is one, replaces code by code.

    Raises:
        RulesError: a file can't be read, or a key in it is wrong; file and key are named.
    """
    return {code: valid(BankReason, file, code, table) for code, (file, table) in tables(root, FILE).items()}
