"""Pieces of rows: what is kept of one holds on to nothing that was read with it."""

import numpy as np
import pandas as pd
import pyarrow as pa

from invoicebatch.engine.base.pieces import detached, pieces
from invoicebatch.model.schema import TABLES
from invoicebatch.store.frames import to_frame


def read() -> pd.DataFrame:
    """A piece as the store gives it: in the memory of what was read."""
    stored = pa.table(
        {"invoice_id": [7, 9], "number": ["A-1", None], "reason": ["", "late"], "outcome": ["done", "failed"]}
    )
    columns = [c for c in TABLES["run_rows"].columns if c.name in stored.column_names]
    return to_frame(stored, columns, read_only=True).set_axis([4, 1])


def places(frame: pd.DataFrame) -> set[int]:
    """Where the values of a frame lie in memory."""
    found = set()
    for name in frame:
        array = frame[name].array
        if isinstance(array, pd.Categorical):
            found.add(array.codes.__array_interface__["data"][0])
        elif hasattr(array, "__arrow_array__"):
            chunks = pa.chunked_array(array.__arrow_array__()).chunks
            found |= {buffer.address for chunk in chunks for buffer in chunk.buffers() if buffer is not None}
        else:
            found.add(np.asarray(array).__array_interface__["data"][0])
    return found


def test_what_is_kept_of_a_piece_lies_in_memory_of_its_own() -> None:
    piece = read()
    kept = detached(piece)
    pd.testing.assert_frame_equal(kept, piece)
    assert places(kept).isdisjoint(places(piece))
    assert places(piece) == places(piece.copy(deep=False))


def test_rows_that_fit_are_one_piece_and_none_are_none() -> None:
    rows = read().sort_index()
    assert [piece.index.tolist() for piece in pieces(rows, rows["invoice_id"], 2)] == [[1, 4]]
    assert list(pieces(rows.head(0), rows["invoice_id"].head(0), 2)) == []
