"""Dialogs as data: one field a parameter of the action's model, and the values a person gave back.

The browser draws the fields; the model itself judges the values, so a rule is written once.
"""

import re
from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Any

import pandas as pd
from pydantic import ValidationError

from invoicebatch.errors import UsageError
from invoicebatch.interfaces.lab.tables import table
from invoicebatch.model.action import Action
from invoicebatch.model.words import words
from invoicebatch.validation import problem

_KINDS = {"integer": "integer", "number": "decimal", "boolean": "boolean", "array": "list"}


def _resolve(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """The schema of the value itself, references followed, and whether it may be left out."""
    branches = schema.get("anyOf") or schema.get("allOf") or []
    optional = any(branch.get("type") == "null" for branch in branches)
    rest = {key: value for key, value in schema.items() if key not in ("anyOf", "allOf", "$ref")}
    real = [branch for branch in branches if branch.get("type") != "null"]
    if "$ref" in schema:
        real.append({"$ref": schema["$ref"]})
    for branch in real[:1] if not _is_decimal(real) else [{"type": "number", **_limits(real)}]:
        inner, _ = _resolve(branch, definitions) if "$ref" not in branch else _follow(branch, definitions)
        rest = {**inner, **rest}
    return rest, optional


def _follow(branch: Mapping[str, Any], definitions: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    return _resolve(definitions[branch["$ref"].rpartition("/")[2]], definitions)


def _is_decimal(branches: list[dict[str, Any]]) -> bool:
    return {branch.get("type") for branch in branches} == {"number", "string"}


def _limits(branches: list[dict[str, Any]]) -> dict[str, Any]:
    number = next(branch for branch in branches if branch["type"] == "number")
    return {key: value for key, value in number.items() if key != "type"}


def _kind(schema: Mapping[str, Any]) -> str:
    if "enum" in schema or "const" in schema:
        return "choice"
    if schema.get("format") == "date":
        return "date"
    return _KINDS.get(str(schema.get("type")), "text")


def _options(schema: Mapping[str, Any]) -> list[list[str]]:
    values = schema.get("enum") or ([schema["const"]] if "const" in schema else [])
    return [[str(value), words(str(value))] for value in values]


def _field(name: str, raw: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    schema, optional = _resolve(raw, definitions)
    low, high = schema.get("minimum"), schema.get("maximum")
    return {
        "name": name,
        "label": str(raw.get("title") or words(name)),
        "help": re.sub(r"`([^`]*)`", r"“\1”", str(raw.get("description") or "")),
        "kind": _kind(schema),
        "optional": optional,
        "or": words(str(raw["or"])) if "or" in raw else "",
        "default": raw.get("default"),
        "min": low if low is not None else schema.get("exclusiveMinimum"),
        "max": high if high is not None else schema.get("exclusiveMaximum"),
        "pattern": schema.get("pattern"),
        "minLength": schema.get("minLength"),
        "maxLength": schema.get("maxLength"),
        "options": _options(schema),
    }


def fields(
    action: Action,
    defaults: Mapping[str, Any],
    choices: Mapping[str, Mapping[str, str]],
    of_rows: Mapping[str, pd.DataFrame] = MappingProxyType({}),
) -> list[dict[str, Any]]:
    """One dict a parameter, in the model's order.

    Args:
        action: whose model is described.
        defaults: values known only now, such as today.
        choices: values and labels of parameters that only the workspace knows.
        of_rows: values of list parameters that only the rows know, each with what it is.
    """
    schema = action.params.model_json_schema()
    required = set(schema.get("required", ()))
    described = []
    for name, raw in schema.get("properties", {}).items():
        one = _field(name, raw, schema.get("$defs", {}))
        title = str(raw.get("title") or "")
        one["label"] = title if title != name.replace("_", " ").title() and title else words(name)
        one["required"] = name in required and name not in defaults
        if defaults.get(name) is not None:
            one["default"] = _plain(defaults[name])
        one["help"] = "" if one["help"] == one["label"] else one["help"]
        if name in choices:
            one["kind"] = "choices" if one["kind"] == "list" else "choice"
            one["options"] = [list(pair) for pair in choices[name].items()]
        if name in of_rows:
            one["kind"], one["table"] = "rows", table(name, of_rows[name])
        described.append(one)
    return described


def _plain(value: Any) -> Any:
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(one) for one in value]
    return value if isinstance(value, (bool, int)) else str(value)


def given(values: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters a person gave; what was left empty is left to the model's default."""
    return {name: value for name, value in values.items() if value not in ("", None, [])}


def typed(action: Action, values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as the action's model reads them: dates as dates, all else as JSON has it.

    Where the model does not take them they stay as they are; a name that it does not have is refused.

    Raises:
        UsageError: the action has no such parameter.
    """
    for name in values:
        if name not in action.params.model_fields:
            raise UsageError(f"{action.label} has no parameter {name}.")
    if problems(action, values):
        return dict(values)
    parsed = action.params.model_validate(values)
    plain = parsed.model_dump(mode="json")
    return {
        name: value if isinstance(value := getattr(parsed, name), date) else plain[name] for name in values
    }


def problems(action: Action, values: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong with the values, by parameter; `""` holds what concerns several.

    The same sentences as everywhere.
    """
    try:
        action.params.model_validate(values)
    except ValidationError as error:
        return {str(one["loc"][0]) if one["loc"] else "": problem(one) for one in reversed(error.errors())}
    return {}
