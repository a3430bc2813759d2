"""What pydantic finds wrong with values, in a person's words: nothing of Python shows.

Settings, rules, mappings and the parameters of actions are all refused in the same sentences.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

DATE: Final = "must be a date, written year-month-day: 2026-11-22"

_WHOLE = "must be a whole number"
_NUMBER = "must be a number, such as 12.50"
_TABLE = "must be a table of names and values"
_LIST = "must be a list"
_SENTENCES: Final[Mapping[str, str]] = {
    "missing": "is missing",
    "extra_forbidden": "is not known",
    "literal_error": "must be {expected}",
    "enum": "must be {expected}",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "string_too_long": "must have at most {max_length} characters",
    "string_too_short": "must have at least {min_length} characters",
    "string_pattern_mismatch": "is not of the form that is asked for",
    "too_long": "must have at most {max_length} entries",
    "too_short": "must have at least {min_length} entries",
}
_FAMILIES: Final[Mapping[str, str]] = {
    "int": _WHOLE,
    "float": _NUMBER,
    "decimal": _NUMBER,
    "finite": _NUMBER,
    "bool": "must be yes or no",
    "date": DATE,
    "datetime": DATE,
    "time": "must be a time, such as 17:30",
    "string": "must be a text",
    "tuple": _LIST,
    "list": _LIST,
    "set": _LIST,
    "dict": _TABLE,
    "mapping": _TABLE,
    "model": _TABLE,
}
"""By the first word of pydantic's type of an error."""


def first_problem(error: ValidationError) -> tuple[str, str]:
    """Where the first thing is wrong, as a dotted name (empty: several values together), and what.

    >>> from pydantic import TypeAdapter
    >>> try:
    ...     TypeAdapter(dict[str, int]).validate_python({"lines": "two"})
    ... except ValidationError as error:
    ...     first_problem(error)
    ('lines', "must be a whole number; got 'two'")
    """
    first = error.errors()[0]
    return ".".join(str(part) for part in first["loc"]), problem(first)


def problem(found: ErrorDetails) -> str:
    """One thing that is wrong, as the end of a sentence that begins with its name."""
    kind = found["type"]
    if kind == "value_error":
        return str(found["ctx"]["error"])
    sentence = _SENTENCES.get(kind) or _FAMILIES.get(kind.partition("_")[0], found["msg"])
    if kind == "string_too_short" and found["ctx"]["min_length"] == 1:
        return "must not be empty"
    told = sentence.format(**found.get("ctx", {}))
    got = "" if kind in ("missing", "extra_forbidden") else _shown(found["input"])
    return f"{told}; got {got}" if got else told


def _shown(value: Any) -> str:
    """A value as a person writes it; empty where that would say nothing."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Enum):
        return _shown(value.value)
    if isinstance(value, str):
        return f"'{value}'" if value else "nothing"
    if isinstance(value, date | int | float | Decimal):
        return str(value)
    if isinstance(value, list | tuple):
        return ", ".join(filter(None, map(_shown, value)))
    return ""
