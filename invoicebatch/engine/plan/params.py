"""Parameters of an action: what a person gave over the defaults, as the action's model takes them."""

from collections.abc import Mapping
from datetime import date
from difflib import get_close_matches
from typing import Any, Final

from pydantic import ValidationError

from invoicebatch.errors import ParameterError
from invoicebatch.model.action import Action, Params
from invoicebatch.settings import Settings

_DATE_HINT: Final = "Dates are written year-month-day: 2026-11-22."


def parse_params(action: Action, values: Mapping[str, Any], settings: Settings, today: date) -> Params:
    """The action's parameters from given values over its defaults.

    Raises:
        ParameterError: an unknown, missing or malformed parameter, named.
    """
    defaults = dict(action.defaults(settings, today)) if action.defaults else {}
    given = {name.replace("-", "_"): value for name, value in values.items()}
    for name in given:
        if name not in action.params.model_fields:
            _refuse_unknown(action, name)
    try:
        return action.params.model_validate(defaults | given)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "parameters"
        got = "" if first["type"] == "missing" else f" (got {first['input']!r})"
        hint = _DATE_HINT if first["type"].startswith("date") else _params_hint(action)
        raise ParameterError(f"{action.name}: {where}: {first['msg']}{got}", hint) from error


def _refuse_unknown(action: Action, name: str) -> None:
    near = get_close_matches(name, action.params.model_fields, n=1, cutoff=0.5)
    hint = f"Did you mean {near[0]}?" if near else _params_hint(action)
    raise ParameterError(f"{action.name} has no parameter {name!r}.", hint)


def _params_hint(action: Action) -> str:
    fields = action.params.model_fields
    if not fields:
        return f"{action.name} takes no parameters."
    return "Parameters: " + "; ".join(f"{name}: {info.description}" for name, info in fields.items())
