"""rules/review.toml → `Checks`: the shipped file, with what a workspace changes or adds, key by key."""

import re
from pathlib import Path
from typing import Any, Final

from invoicebatch.eligibility.review.checks import OFF, Check, Checks, CheckTable, HistoryTable, compile_check
from invoicebatch.errors import RulesError
from invoicebatch.expressions import ExpressionError
from invoicebatch.files.rule_tables import rule_files, valid

FILE: Final = "review.toml"
_HISTORY: Final = "history"


def load_checks(root: Path) -> Checks:
    """The checks of a workspace.

    Raises:
        RulesError: a file can't be read, or a key in it is wrong or unknown; file and key are named.
    """
    files: dict[str, Path] = {}
    tables: dict[str, Any] = {}
    for file, found in rule_files(root, FILE):
        files |= dict.fromkeys(found, file)
        tables |= {name: _over(tables.get(name), table) for name, table in found.items()}
    history = valid(HistoryTable, files[_HISTORY], _HISTORY, tables.pop(_HISTORY))
    checks = [_check(files[name], name, table) for name, table in tables.items()]
    return Checks({check.name: check for check in checks if check.severity != OFF}, history.documents)


def _over(ours: Any, own: Any) -> Any:
    """Keys of a table, and single parameters, over those of the shipped one; a new condition has what it names."""
    if not isinstance(ours, dict) or not isinstance(own, dict):
        return own
    names = re.findall(r"\w+", str(own.get("when", ours.get("when"))))
    kept = {name: value for name, value in ours.get("parameters", {}).items() if name in names}
    given = own.get("parameters", {})
    parameters = {**kept, **given} if isinstance(given, dict) else given
    return {**ours, **own, **({"parameters": parameters} if parameters or "parameters" in ours else {})}


def _check(file: Path, name: str, table: Any) -> Check:
    try:
        return compile_check(name, valid(CheckTable, file, name, table))
    except ExpressionError as error:
        raise RulesError(f"{file}: {name}.{error}") from error
