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
    return {key: (file, table) for file, found in rule_files(root, name) for key, table in found.items()}


def rule_files(root: Path, name: str) -> list[tuple[Path, dict[str, Any]]]:
    """The shipped file of that name, then the workspace's own where it has one: path and tables.

    Raises:
        RulesError: a file can't be read.
    """
    ours, own = shipped("rules") / name, root / "rules" / name
    files = [ours, own] if own.is_file() and own.resolve() != ours.resolve() else [ours]
    return [(file, _read(file)) for file in files]


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise RulesError(f"{file} can't be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RulesError(f"{file} is not valid TOML: {error}") from error
