"""The state in DuckDB and its Parquet snapshots; the only importer of duckdb.

Frames go in and out through `Session`; no SQL and no connection leaves this package.
"""

from invoicebatch.store.event_chain import ERASED
from invoicebatch.store.history import Compared
from invoicebatch.store.session import FILE, Session, Store

__all__ = ["ERASED", "FILE", "Compared", "Session", "Store"]
