"""History columns: what earlier documents and the rest of the run say of documents. Queries bring numbers, arrays compare them."""

from invoicebatch.store.history.columns import Compared, history_columns

__all__ = ["Compared", "history_columns"]
