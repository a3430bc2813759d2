"""The base of all parameter models: texts are read the same way, whichever face they come from.

A command line, a notebook, a cell and a dialog all give texts; Python may give the values themselves.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from enum import Enum
from types import NoneType, UnionType
from typing import Any, ClassVar, Final, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationInfo, field_validator
from pydantic.fields import FieldInfo

from invoicebatch.model.ticks import tick
from invoicebatch.model.words import words
from invoicebatch.validation import DATE

LISTS: Final = (tuple, list, set, frozenset)
_WITH_COMMA: Final = re.compile(r"[-+]?(?:[0-9]+,(?![0-9]{3}$)|[0-9]{1,3}(?:\.[0-9]{3})+,)[0-9]+")
"""Not `1,250`, which others write for 1250."""
_NUMBER: Final = re.compile(r"[-+]?[0-9.]+")


class Params(BaseModel):
    """Base of all parameter models; an unknown parameter is an error.

    One called `reason` is kept with each row's event, in the history of the document.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(
        frozen=True, extra="forbid", str_strip_whitespace=True, coerce_numbers_to_str=True
    )

    @field_validator("*", mode="before")
    @classmethod
    def _read(cls, value: Any, info: ValidationInfo) -> Any:
        return as_meant(cls.model_fields[str(info.field_name)], value)


def value_type(annotation: Any) -> Any:
    """The type of a value that is given: `date` of `date | None`, `tuple` of `tuple[int, ...]`."""
    if get_origin(annotation) in (Union, UnionType):
        annotation = next(each for each in get_args(annotation) if each is not NoneType)
    origin = get_origin(annotation)
    return origin if origin in LISTS or origin is dict else annotation


def as_meant(field: FieldInfo, value: Any) -> Any:
    """A value as the field's model takes it: lists by commas, yes and no in words, empty as left out.

    Raises:
        ValueError: a number where a date is asked for (pydantic would take seconds since 1970), or a decimal comma.
    """
    kind = value_type(field.annotation)
    given = value.strip() if isinstance(value, str) else value
    if given == "" and kind is not str and not field.is_required():
        return field.get_default(call_default_factory=True, validated_data={})
    if kind in LISTS:
        return _as_list(given)
    if kind is date and _NUMBER.fullmatch(str(given)):
        raise ValueError(f"{DATE}; got '{given}'")
    if kind in (Decimal, float) and (point := with_point(str(given))):
        raise ValueError(f"must be written with a point, not a comma: {point}; got '{given}'")
    known = tick(given) if kind is bool and isinstance(given, str) and given else None
    return given if known is None else known


def with_point(text: str) -> str:
    """A number as it is meant where it has a decimal comma; empty: it has none.

    >>> with_point("1.250,50"), with_point("12,5"), with_point("12.50"), with_point("1,250")
    ('1250.50', '12.5', '', '')
    """
    return text.replace(".", "").replace(",", ".") if _WITH_COMMA.fullmatch(text) else ""


def _as_list(value: Any) -> list[Any]:
    """Values separated by commas, one value, or a collection of either."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    if isinstance(value, Iterable):
        return [part for each in value for part in _as_list(each)]
    return [] if value is None else [value]


def listed_values(annotation: Any) -> list[str]:
    """The texts that a type takes, where it lists them."""
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return [str(member.value) for member in annotation]
    if get_origin(annotation) is Literal:
        return [one for one in get_args(annotation) if isinstance(one, str)]
    if get_origin(annotation) in (Union, UnionType):
        return [value for one in get_args(annotation) for value in listed_values(one)]
    return []


def said(
    model: type[Params], values: Mapping[str, Any], known: Mapping[str, Mapping[str, str]]
) -> dict[str, str]:
    """Parameters as a person says them, by label; those that the model does not have are left out.

    Args:
        model: the parameters' model.
        values: given ones, as any face has them.
        known: labels of values that only the workspace knows, by parameter.
    """
    return {
        words(name): _said(model.model_fields[name], value, known.get(name, {}))
        for name, value in values.items()
        if name in model.model_fields
    }


def _said(field: FieldInfo, value: Any, labels: Mapping[str, str]) -> str:
    from invoicebatch.model.readable import in_words  # stands on frames, which parameters need not

    try:
        meant = as_meant(field, value)
    except ValueError:
        return str(value)
    choices = listed_values(field.annotation)
    each = meant if isinstance(meant, list) else [meant]
    return ", ".join(
        labels.get(one) or words(one) if one in labels or one in choices else in_words(one) for one in each
    )
