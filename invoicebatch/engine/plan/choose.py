"""Which invoices are meant, by exactly one of the ways: a filter, ids, numbers, a run, or all. Ids come of it, and no frame."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from invoicebatch.engine.base import clock
from invoicebatch.engine.base.folder import Folder
from invoicebatch.engine.base.only_match import only_key
from invoicebatch.errors import SelectionError
from invoicebatch.model.counted import counted
from invoicebatch.store import Look, filters

Ids = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Chosen:
    """The invoices that are meant.

    Attributes:
        ids: int64 invoice ids, in the order they were chosen, each once.
        words: how they were chosen.
        picked_by_hand: row by row (ids, numbers, ticks), not by a filter.
        unknown: ids that were asked for and do not exist.
    """

    ids: Ids
    words: str
    picked_by_hand: bool
    unknown: tuple[int, ...] = ()


def choose(
    folder: Folder,
    where: str | None = None,
    *,
    ids: Sequence[int] | None = None,
    numbers: Sequence[str] | None = None,
    run: str | None = None,
    made_by: str | None = None,
    all: bool = False,  # noqa: A002 - reads as the command line's --all
) -> Chosen:
    """The invoices that are meant; see `engine.plan.select.select`."""
    one_way(where, ids, numbers, run, made_by, all or None)
    if where is not None:
        return Chosen(matching(folder, where), where, picked_by_hand=False)
    with folder.store.look() as look:
        if all:
            return Chosen(look.all_ids(), "all invoices", picked_by_hand=False)
        if numbers is not None:
            found = _ids_of_numbers(look, numbers)
            return Chosen(found, counted(len(found), "number"), picked_by_hand=True)
        if run is not None or made_by is not None:
            full = only_key(look.run_ids(), run or made_by or "", "run", "invoicebatch runs")
            ids = look.ids_made_by(full) if run is None else look.ids_done_by(full)
            words = f"{counted(len(ids), 'row')} {'made' if run is None else 'done'} by run {full[:8]}"
        else:
            ids = [] if ids is None else list(ids)
            words = counted(len(ids), "id")
        known, unknown = _known_ids(look, ids)
    return Chosen(known, words, picked_by_hand=True, unknown=tuple(unknown))


def one_way(*ways: Any) -> None:
    """Exactly one of them is given.

    Raises:
        SelectionError: none, or several.
    """
    if sum(way is not None for way in ways) != 1:
        raise SelectionError(
            "Say which invoices, in exactly one way.",
            "One of: where, ids, numbers, sheet, frame, run, made_by, all.",
        )


def matching(folder: Folder, condition: str) -> Ids:
    """Ids of the invoices that match a person's filter, ascending; evaluated while nobody has to wait.

    Raises:
        FilterError: not one condition, an unknown column, anything but filtering, or too much of it.
    """
    parsed = filters.parse(condition)
    folder.keep_judged(parsed.columns)
    with folder.store.look() as look:
        columns = look.filterable(parsed.columns, clock.today())
    return parsed.matching(columns)


def _known_ids(look: Look, ids: Sequence[int]) -> tuple[Ids, list[int]]:
    """The given ids, each once, split into existing ones and unknown ones.

    Raises:
        SelectionError: one is no whole number, or none of them exists.
    """
    try:
        wanted = np.asarray(list(dict.fromkeys(int(value) for value in ids)), dtype=np.int64)
    except (TypeError, ValueError, OverflowError) as error:
        raise SelectionError("ids= takes whole numbers.", "To select by number, use numbers=.") from error
    there = np.isin(wanted, look.all_ids())
    unknown = [int(value) for value in wanted[~there]]
    if unknown and not there.any():
        raise SelectionError(
            f"There is no invoice with id {', '.join(str(value) for value in unknown[:10])}.",
            "It is in the archive: --archived, or invoicebatch archive restore --ids 1,2"
            if look.archived("invoice_id", unknown)
            else "List the invoices with: invoicebatch list --all",
        )
    return wanted[there], unknown


def _ids_of_numbers(look: Look, numbers: Sequence[str]) -> Ids:
    """Ids of the invoices with these numbers.

    Raises:
        SelectionError: a number that no invoice has.
    """
    found = look.ids_of("number", list(dict.fromkeys(numbers)))
    unknown = [number for number, invoice_id in found if invoice_id is None]
    if unknown:
        raise SelectionError(
            f"There is no invoice with number {', '.join(unknown[:10])}.",
            "It is in the archive: --archived, or invoicebatch archive restore --numbers A,B"
            if look.archived("number", unknown)
            else "List the invoices with: invoicebatch list --all",
        )
    return np.array(list(dict.fromkeys(invoice_id for _, invoice_id in found)), dtype=np.int64)
