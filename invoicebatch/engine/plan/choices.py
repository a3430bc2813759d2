"""The one place where a value that a workspace does not know is refused."""

from collections.abc import Mapping

from invoicebatch.errors import ParameterError
from invoicebatch.model.action import Action, Params

MANY = 20
"""Values listed in a message."""


def check_choices(action: Action, params: Params, known: Mapping[str, Mapping[str, str]]) -> None:
    """Every parameter with choices has one of them, or is left out where it may be.

    Args:
        action: whose parameters they are.
        params: the parsed values.
        known: value and label, by parameter.

    Raises:
        ParameterError: a value that is not among them; the hint lists those there are.
    """
    for name, values in known.items():
        given = getattr(params, name)
        if given is None or given in values:
            continue
        what = f"there is no {given!r}" if given else "choose one" if values else "there is none to choose"
        raise ParameterError(f"{action.name}: {name}: {what}.", _hint(action, name, values))


def _hint(action: Action, name: str, values: Mapping[str, str]) -> str:
    origin = action.choices[name].origin
    return f"There are: {listed(values)}; from {origin}." if values else f"They come from {origin}."


def listed(values: Mapping[str, str]) -> str:
    """The values a message names; the rest are counted."""
    more = f" and {len(values) - MANY:,} more" if len(values) > MANY else ""
    return ", ".join(list(values)[:MANY]) + more
