"""Filling an empty workspace with generated data, chunk by chunk."""

from typing import TYPE_CHECKING

from invoicebatch.engine.base import clock
from invoicebatch.errors import UsageError
from invoicebatch.ingest.sample import generate

if TYPE_CHECKING:
    from invoicebatch.engine.workspace import Workspace


def load_sample(workspace: "Workspace", invoices: int, seed: int) -> int:
    """Load sample data; one transaction a chunk.

    Raises:
        UsageError: the workspace has invoices already.
    """
    with workspace.store.read() as session:
        if session.count("invoices"):
            raise UsageError(
                "Sample data goes into an empty workspace only; this one has invoices.",
                "Choose another folder.",
            )
    loaded = 0
    for frames in generate(invoices, seed=seed, today=clock.today()):
        with workspace.store.write() as session:
            for table, frame in frames.items():
                session.insert(table, frame)
            session.reserve_ids(len(frames["invoices"]))
        loaded += len(frames["invoices"])
    return loaded
