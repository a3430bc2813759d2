"""The overview piece by piece: what is begun can be left."""

from collections.abc import Callable

import numpy as np

from invoicebatch.engine.base import clock
from invoicebatch.interfaces.api import Workspace


def test_pieces_that_are_not_taken_to_the_end_leave_the_session_usable(
    make_workspace: Callable[..., Workspace],
) -> None:
    workspace = make_workspace(5)
    with workspace.store.read() as session:
        pieces = session.overview_pieces(["number"], clock.today(), np.array([3, 1]))
        assert next(pieces)["invoice_id"].sort_index().tolist() == [3, 1]
        pieces.close()  # type: ignore[attr-defined]  # a generator
        assert session.overview(["invoice_id"], clock.today())["invoice_id"].tolist() == [1, 2, 3, 4, 5]


def test_the_places_of_a_piece_do_not_keep_all_that_was_read_with_it(
    make_workspace: Callable[..., Workspace],
) -> None:
    with make_workspace(3).store.read() as session:
        (piece,) = session.overview_pieces(["number"], clock.today(), np.array([3, 1]))
    memory = piece.index.to_numpy()
    while isinstance(memory.base, np.ndarray):
        memory = memory.base
    assert memory.base is None, "the index lies in the batch that the database gave"
