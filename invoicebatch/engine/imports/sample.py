"""Filling an empty workspace with generated data, chunk by chunk."""

from collections.abc import Iterator
from typing import Final

from invoicebatch.engine.base import clock
from invoicebatch.engine.base.workspace_base import WorkspaceBase
from invoicebatch.errors import UsageError
from invoicebatch.files.csv_text import csv_bytes
from invoicebatch.files.whole import write_whole
from invoicebatch.ingest.sample import Frames, generate
from invoicebatch.ingest.sample.faults import ASKED_FOR
from invoicebatch.ingest.sample.months import HISTORY, LEAST, months

PLANTED: Final = "planted.csv"
"""The file that names the faults of a sample: invoice_id, check."""


def load_sample(workspace: WorkspaceBase, invoices: int, seed: int, *, faults: bool = False) -> int:
    """Load sample data; one transaction a chunk.

    Args:
        workspace: an empty one.
        invoices: number of documents, about as many with faults.
        seed: of the chance.
        faults: a year of regular bills, and a run with planted faults for the review to find; which
            they are stands in `PLANTED`, in the workspace's folder.

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
    chunks = _months(workspace, invoices, seed) if faults else generate(invoices, seed, clock.today())
    for frames in chunks:
        with workspace.store.write() as session:
            for table, frame in frames.items():
                session.insert(table, frame)
            session.reserve_ids(len(frames["invoices"]))
        loaded += len(frames["invoices"])
    return loaded


def _months(workspace: WorkspaceBase, invoices: int, seed: int) -> Iterator[Frames]:
    customers = max(LEAST, invoices // (HISTORY + 1))
    for month in months(customers, seed, clock.today(), faults=True):
        yield month.frames
    write_whole(workspace.root / PLANTED, csv_bytes(month.planted), on_clash="replace")
    write_whole(workspace.root / "rules" / "review.toml", asked_for(), on_clash="replace")


def asked_for() -> str:
    """rules/review.toml of a workspace that wants to be told what is right as often as not."""
    return "".join(f'[{check}]\nseverity = "look"\n\n' for check in ASKED_FOR)
