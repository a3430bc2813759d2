"""Parameters of an action: what a person gave over the defaults, as the action's model takes them."""

from collections.abc import Mapping
from datetime import date
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from invoicebatch.engine.base import clock
from invoicebatch.engine.base.workspace_base import WorkspaceBase
from invoicebatch.engine.plan.choices import Known, check_choices, not_a_choice
from invoicebatch.errors import ParameterError
from invoicebatch.model.action import Action, Params
from invoicebatch.model.params import listed_values
from invoicebatch.settings import Settings
from invoicebatch.validation import first_problem


def default_values(action: Action, settings: Settings, today: date, known: Known) -> dict[str, Any]:
    """What an action takes where nothing is given, beyond its model's own defaults.

    Args:
        action: whose defaults.
        settings: the workspace's.
        today: the day that dates are counted from.
        known: the values that parameters may take here; where there is one only, it is the default.
    """
    defaults = dict(action.defaults(settings, today)) if action.defaults else {}
    for name, values in known.items():
        field = action.params.model_fields[name]
        default = defaults.get(name, "" if field.is_required() else field.default)
        if len(values) == 1 and default is not None:
            defaults[name] = next(iter(values))
    return defaults


def parse_params(
    action: Action, values: Mapping[str, Any], settings: Settings, today: date, known: Known
) -> Params:
    """The action's parameters from given values over its defaults.

    Raises:
        ParameterError: a parameter is unknown, missing or malformed, or its value is none of its choices.
    """
    given = {name.replace("-", "_"): value for name, value in values.items()}
    for name in given:
        if name not in action.params.model_fields:
            _refuse_unknown(action, name)
    given = {name: _as_listed(action, name, value, known) for name, value in given.items()}
    try:
        parsed = action.params.model_validate(default_values(action, settings, today, known) | given)
    except ValidationError as error:
        raise _refused(action, error, known) from error
    check_choices(action, parsed, known, given)
    return parsed


def params_here(workspace: WorkspaceBase, action: Action, values: Mapping[str, Any]) -> Params:
    """The parameters as the action takes them in a workspace today; see `parse_params` for its errors."""
    return parse_params(action, values, workspace.settings, clock.today(), workspace.choices(action))


def _as_listed(action: Action, name: str, value: Any, known: Known) -> Any:
    """A choice as it is listed, in whatever case a person wrote it."""
    choices = known[name] if name in known else listed_values(action.params.model_fields[name].annotation)
    if not isinstance(value, str) or value in choices:
        return value
    same = [one for one in choices if one.casefold() == value.strip().casefold()]
    return same[0] if len(same) == 1 else value


def _refused(action: Action, error: ValidationError, known: Known) -> ParameterError:
    """The first thing that is wrong: parameter, what, and the values or parameters there are."""
    place, problem = first_problem(error)
    name = place.partition(".")[0]
    if name in known:
        value = error.errors()[0]["input"]
        return not_a_choice(action, name, value if isinstance(value, str) else "", known[name])
    if not name:
        return ParameterError(f"{action.name}: {problem}.", _params_hint(action))
    described = action.params.model_fields[name].description
    return ParameterError(f"{action.name}: {name}: {problem}.", f"{name}: {described}" if described else "")


def _refuse_unknown(action: Action, name: str) -> None:
    near = get_close_matches(name, action.params.model_fields, n=1, cutoff=0.5)
    hint = f"Did you mean {near[0]}?" if near else _params_hint(action)
    raise ParameterError(f"{action.name} has no parameter {name!r}.", hint)


def _params_hint(action: Action) -> str:
    fields = action.params.model_fields
    if not fields:
        return f"{action.name} takes no parameters."
    return "Parameters: " + "; ".join(f"{name}: {info.description}" for name, info in fields.items())
