"""The invoice action bar for people who work in notebooks and spreadsheets.

>>> import invoicebatch as ib
>>> ws = ib.open(".")  # doctest: +SKIP
>>> ws.select(where="status = 'empty'").plan("approve").apply()  # doctest: +SKIP
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from invoicebatch.engine.plan.plan import Plan
    from invoicebatch.engine.plan.report import Report
    from invoicebatch.engine.plan.selection import Selection
    from invoicebatch.interfaces.api import Workspace
    from invoicebatch.interfaces.api import open_workspace as open  # noqa: A004 - ib.open, like io.open

_PUBLIC = {
    "open": ("invoicebatch.interfaces.api", "open_workspace"),
    "Workspace": ("invoicebatch.interfaces.api", "Workspace"),
    "Selection": ("invoicebatch.engine.plan.selection", "Selection"),
    "Plan": ("invoicebatch.engine.plan.plan", "Plan"),
    "Report": ("invoicebatch.engine.plan.report", "Report"),
}

__all__ = ["Plan", "Report", "Selection", "Workspace", "open"]


def __getattr__(name: str) -> Any:
    """Load the public names when they are used, so that the command line starts fast."""
    if name not in _PUBLIC:
        raise AttributeError(name)
    from importlib import import_module

    module, attribute = _PUBLIC[name]
    return getattr(import_module(module), attribute)
