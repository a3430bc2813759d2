"""Filling an empty workspace with generated data, chunk by chunk."""

from invoicebatch.engine.base import clock
from invoicebatch.engine.base.workspace_base import WorkspaceBase
from invoicebatch.errors import UsageError
from invoicebatch.ingest.sample import generate


def load_sample(workspace: WorkspaceBase, invoices: int, seed: int) -> int:
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
