"""The state in DuckDB and its Parquet snapshots; the only importer of duckdb.

Frames go in and out through `Session`; no SQL and no connection leaves this package.
"""

from typing import TYPE_CHECKING, Any

from invoicebatch.store.look import OUTCOMES, TAKEN, Columns, Look
from invoicebatch.store.store import FILE, Store

if TYPE_CHECKING:
    from invoicebatch.store.history import Compared
    from invoicebatch.store.session import Session

__all__ = ["FILE", "OUTCOMES", "TAKEN", "Columns", "Compared", "Look", "Session", "Store"]


def __getattr__(name: str) -> Any:
    """What stands on frames is imported when it is asked for: looking at rows needs none."""
    if name == "Session":
        from invoicebatch.store.session import Session

        return Session
    if name == "Compared":
        from invoicebatch.store.history import Compared

        return Compared
    raise AttributeError(name)
