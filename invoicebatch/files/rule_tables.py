"""Rules that a workspace may change table by table: the shipped file, with what its own says otherwise."""

import tomllib
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from invoicebatch.errors import RulesError
from invoicebatch.files.shipped import shipped
from invoicebatch.validation import first_problem

T = TypeVar("T", bound=BaseModel)


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
    return [(file, read_rules(file)) for file in files]


def told_apart(root: Path, name: str, *further: object) -> str:
    """What tells a workspace's rules of now from others: a hash of their tables and of what else they go by.

    Raises:
        RulesError: a file can't be read.
    """
    found = [tables for _, tables in rule_files(root, name)]
    return sha256(repr((found, *map(str, further))).encode()).hexdigest()


def read_rules(file: Path) -> dict[str, Any]:
    """The tables of one file.

    Raises:
        RulesError: it can't be read.
    """
    try:
        return parsed_tables(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise RulesError(f"{file} can't be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RulesError(f"{file} is not valid TOML: {error}") from error


@lru_cache(maxsize=32)
def parsed_tables(text: str) -> dict[str, Any]:
    """The tables of a text, the same object each time: not to be changed.

    Raises:
        TOMLDecodeError: it is none.
    """
    return tomllib.loads(text)


def valid(model: type[T], file: Path, name: str, table: Any) -> T:
    """A table as its model reads it.

    Raises:
        RulesError: a key is wrong or unknown; file and key are named.
    """
    try:
        return model.model_validate(table)
    except ValidationError as error:
        place, problem = first_problem(error)
        raise RulesError(f"{file}: {'.'.join(filter(None, (name, place)))}: {problem}") from error
