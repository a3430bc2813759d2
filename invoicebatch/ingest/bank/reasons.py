"""Reading the table of reason codes: the shipped one, with what a workspace changes in it."""

import tomllib
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from invoicebatch.errors import RulesError
from invoicebatch.files.shipped import shipped
from invoicebatch.model.payments.returns import BankReason, Reasons

FILE: Final = "bank_reasons.toml"


def load_reasons(root: Path) -> Reasons:
    """The reason codes of a workspace, each with its words and what follows.

    Args:
        root: the workspace; its rules/bank_reasons.toml, where there is one, replaces code by code.

    Raises:
        RulesError: a file can't be read, or a key in it is wrong; file and key are named.
    """
    ours, own = shipped("rules") / FILE, root / "rules" / FILE
    tables = {code: (ours, table) for code, table in _tables(ours).items()}
    if own.is_file() and own.resolve() != ours.resolve():
        tables |= {code: (own, table) for code, table in _tables(own).items()}
    return {code: _reason(file, code, table) for code, (file, table) in tables.items()}


def _tables(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise RulesError(f"{file} can't be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RulesError(f"{file} is not valid TOML: {error}") from error


def _reason(file: Path, code: str, table: object) -> BankReason:
    try:
        return BankReason.model_validate(table)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in (code, *first["loc"]))
        raise RulesError(f"{file}: {key}: {first['msg']}") from error
