"""An action's parameter model as a sheet shows it, and the values a person wrote, as the model takes them.

Only text and types live here; validating is the model's.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from invoicebatch.engine.plan.params import default_values
from invoicebatch.errors import ParameterError
from invoicebatch.formats.workbook.sheet.model import SheetParameter
from invoicebatch.model.action import Action
from invoicebatch.model.params import LISTS, value_type
from invoicebatch.settings import Settings

_EPOCH: Final = date(1899, 12, 30)
_DAY_FIRST: Final = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4})")
_KINDS: Final = {date: "date", bool: "yes or no", int: "whole number", Decimal: "amount", float: "number"}


def sheet_parameters(
    action: Action, settings: Settings, today: date, known: Mapping[str, Mapping[str, str]]
) -> list[SheetParameter]:
    """The action's parameters, with the defaults that a run without values would take.

    Args:
        action: whose parameters they are.
        settings: the workspace's.
        today: the day of the defaults.
        known: the values that the workspace knows, by parameter.
    """
    defaults = default_values(action, settings, today, known)
    fields = action.params.model_fields.items()
    return [_parameter(name, info, defaults, known.get(name)) for name, info in fields]


def _parameter(
    name: str, info: FieldInfo, defaults: Mapping[str, Any], known: Mapping[str, str] | None
) -> SheetParameter:
    several = value_type(info.annotation) in LISTS  # a cell's list takes one value only
    kind, choices = _kind(info.annotation) if known is None or several else ("choice", tuple(known))
    required = info.is_required() and name not in defaults
    default = "" if required else defaults.get(name, info.get_default(call_default_factory=True))
    return SheetParameter(name, kind, _shown(default), choices, info.description or "", required)


def _kind(annotation: Any) -> tuple[str, tuple[str, ...]]:
    """What a person is told the type is, and the values there are."""
    if get_origin(annotation) in (Union, UnionType):
        inner = [each for each in get_args(annotation) if each is not NoneType]
        annotation = next((each for each in inner if each is date), inner[0])
    if get_origin(annotation) is Literal:
        return "choice", tuple(str(each) for each in get_args(annotation) if each != "")
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return "choice", tuple(str(each.value) for each in annotation)
    if annotation is bool:
        return _KINDS[bool], ("yes", "no")
    return _KINDS.get(annotation, "text"), ()


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (tuple, list)):
        return ", ".join(str(each) for each in value)
    return str(value.value if isinstance(value, Enum) else value)


def typed(action: Action, name: str, value: Any, *, date1904: bool = False) -> Any:
    """A cell's value as the model takes it: serial dates and day-first dates are understood.

    Raises:
        ParameterError: the action has no such parameter, or a date can't be told.
    """
    if name not in action.params.model_fields:
        known = ", ".join(action.params.model_fields) or "none"
        raise ParameterError(f"{action.label} has no parameter {name!r}", f"It has: {known}.")
    kind, _ = _kind(action.params.model_fields[name].annotation)
    if kind == "date":
        return _date(value, date1904=date1904)
    if isinstance(value, float):
        number = int(value) if value.is_integer() else Decimal(repr(value))
        return str(number) if kind in ("text", "choice") else number
    return value.strip() if isinstance(value, str) else value


def _date(value: Any, *, date1904: bool) -> Any:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        try:
            return _EPOCH + timedelta(days=int(value) + (1462 if date1904 else 0))
        except (OverflowError, ValueError) as error:
            raise ParameterError(f"{value} is no date", "Write it as 2026-11-22.") from error
    text = str(value).strip()
    if match := _DAY_FIRST.fullmatch(text):
        day, month, year = map(int, match.groups())
        if "/" in text and day <= 12 and month <= 12 and day != month:
            raise ParameterError(f"{text} may be read as two dates", "Write it as 2026-11-22.")
        return f"{year:04d}-{month:02d}-{day:02d}"
    return text


def pairs(text: str) -> dict[str, str]:
    """The values of a row's Parameters cell: ``name=value; name=value``.

    Raises:
        ParameterError: a part without an equals sign, or a name given twice.
    """
    found: dict[str, str] = {}
    for part in re.split(r"[;\n]", text):
        if not part.strip():
            continue
        name, equals, value = part.partition("=")
        name = name.strip().replace("-", "_").lower()
        if not equals or not name:
            raise ParameterError(f"{part.strip()!r} is not of the form name=value")
        if name in found:
            raise ParameterError(f"{name} is given twice")
        found[name] = value.strip()
    return found
