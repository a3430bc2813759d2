"""What the engine sees of the store: a session is one short connection with its verbs.

What a verb takes, gives and raises is said where it is written: `help(Session.update)` shows it.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from invoicebatch.store import checks, erasure, event_chain, journal, numbering, outbox, review, tables
from invoicebatch.store import overview as invoices
from invoicebatch.store.archive import closed, parts
from invoicebatch.store.history import history_columns

_Options = ParamSpec("_Options")
_Result = TypeVar("_Result")


def _verb(
    function: Callable[Concatenate[Any, _Options], _Result],
) -> "Callable[Concatenate[Session, _Options], _Result]":
    """A function of an open connection as a verb of the session, with its text and its types."""

    @wraps(function)
    def verb(self: "Session", /, *args: _Options.args, **options: _Options.kwargs) -> _Result:
        return function(self._con, *args, **options)

    return verb


class Session:
    """One open connection and what can be done on it. Frames go in and out; SQL stays in this package."""

    def __init__(self, con: Any) -> None:
        self._con = con

    overview = _verb(invoices.overview)
    overview_pieces = _verb(invoices.overview_pieces)
    ids_of = _verb(invoices.ids_of)
    history_columns = _verb(history_columns)
    review_judged_by = _verb(review.judged_by)
    review_changes = _verb(review.changes)
    review_waiting = _verb(review.waiting)
    unknown_products = _verb(review.unknown_products)
    keep_findings = _verb(review.keep_findings)
    kept_findings = _verb(review.kept_findings)

    rows_of = _verb(tables.rows_of)
    stored_rows = _verb(tables.stored_rows)
    whole = _verb(tables.whole)
    count = _verb(tables.count)
    line_totals = _verb(tables.line_totals)
    insert = _verb(tables.insert)
    update = _verb(tables.update)
    delete = _verb(tables.delete)
    apply = _verb(tables.apply)

    reserve_ids = _verb(numbering.reserve_ids)
    allocate = _verb(numbering.allocate)

    start_run = _verb(journal.start)
    settle = _verb(journal.settle)
    settle_as = _verb(journal.settle_as)
    changed_since = _verb(journal.changed_since)
    add_artefacts = _verb(journal.add_artefacts)
    mark_published = _verb(journal.mark_published)
    finish_run = _verb(journal.finish)
    note_run = _verb(journal.note)
    holders = _verb(journal.holders)
    run = _verb(journal.run)
    run_rows = _verb(journal.rows)
    taken_rows = _verb(journal.taken)
    made_by = _verb(journal.made_by)
    status_of_runs = _verb(journal.status_of_runs)
    artefacts = _verb(journal.artefacts)
    unfinished_runs = _verb(journal.unfinished)

    doubled_rows = _verb(checks.doubled_rows)
    add_events = _verb(event_chain.add_events)
    broken_batches = _verb(event_chain.broken_batches)
    chain_head = _verb(event_chain.head)
    chain_batches = _verb(event_chain.batches)
    hashed_rows = _verb(event_chain.hashed_rows)
    erase_events = _verb(event_chain.erase)
    erased_rows = _verb(event_chain.erased_rows)
    remove_documents = _verb(erasure.remove_documents)
    remove_customer = _verb(erasure.remove_customer)

    outbox_heads = _verb(outbox.heads)
    live_messages = _verb(outbox.live)
    messages_carrying = _verb(outbox.carrying)

    closed_parts = _verb(closed.closed_parts)
    choose_closed = _verb(closed.choose)
    write_part = _verb(parts.write)
    move_out = _verb(parts.move_out)
    archived = _verb(parts.archived)
    archived_matters = _verb(parts.with_matters)
    archived_rows = _verb(parts.stored_rows)
    archived_named = _verb(parts.named_in)
    move_in = _verb(parts.move_in)
    files_with_customer = _verb(parts.files_with_customer)
    dissolve_parts = _verb(parts.dissolve)
    archive_orphans = _verb(parts.orphans)
