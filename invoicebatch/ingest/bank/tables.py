"""Rules that a workspace may change table by table: the shipped file, with what its own says otherwise."""

import tomllib
from pathlib import Path
from typing import Any

from invoicebatch.errors import RulesError
from invoicebatch.files.shipped import shipped


def tables(root: Path, name: str) -> dict[str, tuple[Path, Any]]:
    """The tables of a file of rules, each with the file it stands in.

    Args:
        root: the workspace; its rules/NAME, where there is one, replaces table by table.
        name: of the file.

    Raises:
        RulesError: a file can't be read.
    """
    ours, own = shipped("rules") / name, root / "rules" / name
    found = {key: (ours, table) for key, table in _read(ours).items()}
    if own.is_file() and own.resolve() != ours.resolve():
        found |= {key: (own, table) for key, table in _read(own).items()}
    return found


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise RulesError(f"{file} can't be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RulesError(f"{file} is not valid TOML: {error}") from error
