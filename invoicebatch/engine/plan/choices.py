"""The one place where a value that a workspace does not know is refused."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from invoicebatch.engine.base import clock
from invoicebatch.engine.base.batches import load_batch
from invoicebatch.engine.base.workspace_base import WorkspaceBase
from invoicebatch.errors import ParameterError
from invoicebatch.model.action import Action, Params
from invoicebatch.model.params import LISTS

MANY_ROWS: Final = 1_000
"""Of more rows nobody ticks lines."""

MANY = 20
"""Values listed in a message."""

Known = Mapping[str, Mapping[str, str]]
"""The values that parameters may take in a workspace: value and label, by parameter."""


def check_choices(action: Action, params: Params, known: Known, given: Collection[str]) -> None:
    """Every parameter with choices has one of them, or is left out where it may be.

    Args:
        action: whose parameters they are.
        params: the parsed values.
        known: value and label, by parameter.
        given: names of the parameters that a person gave; the others have their defaults.

    Raises:
        ParameterError: a value that is not among them; the hint lists those there are.
    """
    for name, values in known.items():
        value = getattr(params, name)
        if value is None or isinstance(value, LISTS) or value in values:
            continue
        raise not_a_choice(action, name, value if name in given else "", values)


def row_choices(
    workspace: WorkspaceBase, action: Action, ids: npt.NDArray[np.int64]
) -> dict[str, pd.DataFrame]:
    """The values that list parameters may hold for these rows, by parameter; none where the rows are many."""
    if len(ids) > MANY_ROWS:
        return {}
    found = {}
    for name, choices in action.row_choices.items():
        reading = replace(action, columns=choices.columns, reads=choices.reads)
        with workspace.store.read() as session:
            found[name] = choices.values(load_batch(session, reading, ids, clock.today()))
    return {name: frame for name, frame in found.items() if len(frame)}


def not_a_choice(action: Action, name: str, value: str, values: Mapping[str, str]) -> ParameterError:
    """The error for a value that is not among the choices (empty: none was given)."""
    what = f"there is no {value!r}" if value else "choose one" if values else "there is none to choose"
    origin = action.choices[name].origin
    hint = f"There are: {listed(values)}; from {origin}." if values else f"They come from {origin}."
    return ParameterError(f"{action.name}: {name}: {what}.", hint)


def listed(values: Mapping[str, str]) -> str:
    """The values a message names; the rest are counted."""
    more = f" and {len(values) - MANY:,} more" if len(values) > MANY else ""
    return ", ".join(list(values)[:MANY]) + more
