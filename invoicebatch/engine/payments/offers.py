"""What can be done with a payment bundle now, by the rules of its payments and by its own state."""

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from invoicebatch.actions import registry
from invoicebatch.engine.base.workspace_base import WorkspaceBase
from invoicebatch.errors import ParameterError
from invoicebatch.model.action import Action
from invoicebatch.model.status import BundleStatus

_OF_BUNDLE: Final = {
    "payments.release": ("released", False),
    "payments.write": ("written", False),
    "payments.confirm": ("confirmed", True),
    "payments.cancel": ("cancelled", False),
}
"""Actions on whole bundles in the order in which they follow each other: in words, and whether they need the bank file."""


def refuse_state(bundle: str, state: str, what: str, *, written: bool) -> None:
    """A settled bundle stays as it is; what the bank has to answer must be written.

    Args:
        bundle: full id.
        state: its state.
        what: what can't be done then, in words: "it can't be released".
        written: whether it needs the bank file.

    Raises:
        ParameterError: the bundle is not in such a state.
    """
    if state in (BundleStatus.CONFIRMED, BundleStatus.CANCELLED):
        raise ParameterError(f"Payment bundle {bundle[:8]} is {state}: it can't be {what}.")
    if written and state != BundleStatus.EXPORTED:
        raise ParameterError(
            f"Payment bundle {bundle[:8]} has no bank file yet: it can't be {what}.",
            f"Write it with: invoicebatch payments write {bundle[:8]}",
        )


def offers(workspace: WorkspaceBase, bundle: str, state: str, ids: "pd.Series[int]") -> pd.DataFrame:
    """What can be done with a bundle.

    Args:
        workspace: where.
        bundle: its full id.
        state: its state.
        ids: the invoices of its waiting payments.

    Returns:
        action, label, help, payments int64 (that it is for), reason (why not; empty: it can be done).
    """
    rows = np.asarray(ids, dtype=np.int64)
    found = []
    for name, (what, written) in _OF_BUNDLE.items():
        action, able, why = registry()[name], 0, ""
        try:
            refuse_state(bundle, state, what, written=written)
            able, why = _able(workspace, action, rows)
        except ParameterError as error:
            why = error.message
        found.append([name, action.label, action.help, able, why])
    return pd.DataFrame(found, columns=["action", "label", "help", "payments", "reason"])


def _able(workspace: WorkspaceBase, action: Action, ids: npt.NDArray[np.int64]) -> tuple[int, str]:
    """How many rows the rules let take an action, and the first reason where they let none."""
    with workspace.store.read() as session:
        frame = workspace.judged(session, ids, action)
    judged = workspace.evaluate(frame, picked_by_hand=True, action=action)
    able, reasons = int(judged.eligible(action.name).sum()), judged.summary(action.name)
    return able, "" if able or not reasons else str(reasons[0]["reason"])
