"""Records of terms to frames of terms, as the writers and validators use them."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from invoicebatch.ingest.ubl.reader import Record
from invoicebatch.model.en16931.frames import PARENT
from invoicebatch.model.en16931.terms import DOCUMENT, GROUPS
from invoicebatch.model.en16931.values import column


def term_frames(documents: Sequence[Record]) -> dict[str, pd.DataFrame]:
    """Frames by group, a column for every term of the group; `invoice_id` counts the documents from 0."""
    rows: dict[str, list[Record]] = {DOCUMENT: list(documents)}
    frames: dict[str, pd.DataFrame] = {}
    for name, group in GROUPS.items():
        if name == DOCUMENT:
            frame = pd.DataFrame({"invoice_id": np.arange(len(documents), dtype=np.int64)})
        else:
            parents = rows[group.parent]
            frame = pd.DataFrame(
                {
                    PARENT: np.array(
                        [i for i, p in enumerate(parents) for _ in p.groups.get(name, ())], np.int64
                    )
                }
            )
            rows[name] = [record for parent in parents for record in parent.groups.get(name, ())]
        values = {t.id: column([r.terms.get(t.id) for r in rows[name]], t.value) for t in group.terms}
        frames[name] = pd.concat([frame, pd.DataFrame(values, index=frame.index)], axis=1)
    return frames
