"""A context as the engine would lend it, with a real process pool and a folder as the archive."""

import hashlib
import io
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from invoicebatch.files.stored import stored_document
from invoicebatch.model.action import Action
from invoicebatch.model.changes import Artefact, Batch, Changes, RowFailure, RowUnchanged
from invoicebatch.settings import Settings

NO_FAILURES = {"invoice_id": "int64", "reason": "str"}


@dataclass
class Lent:
    """Runs an action's functions as the engine does: reserve, artefacts, transform."""

    root: Path
    pool: ProcessPoolExecutor | None = None
    settings: Settings = field(default_factory=Settings)
    run_id: str = "run-1"
    user: str = "tester"
    selection: str = "all"
    now: datetime = datetime(2026, 11, 22, 9, 30)  # noqa: DTZ001
    today: date = date(2026, 11, 22)

    def map(self, function: Callable[[Any], Any], jobs: Iterable[Any]) -> Iterator[Any]:
        if self.pool is None:
            return map(function, jobs)
        return iter([future.result() for future in [self.pool.submit(function, job) for job in jobs]])

    def document(self, path: str, sha256: str) -> Path:
        return stored_document(self.root / "data", path, sha256)

    def reserve_ids(self, count: int) -> Any:
        return np.arange(count, dtype=np.int64)

    def run(self, action: Action, batch: Batch, params: Any = None) -> tuple[Batch, Changes]:
        """The batch with its files and failures, and what the action changes."""
        params = params or action.params()
        assert action.artefacts
        files: list[dict[str, Any]] = []
        left: dict[type, list[dict[str, Any]]] = {RowFailure: [], RowUnchanged: []}
        for item in action.artefacts(batch, params, self):
            if isinstance(item, Artefact):
                files.append(self._stored(item))
            else:
                left[type(item)].append({"invoice_id": item.invoice_id, "reason": item.reason})
        failed, unchanged = (
            pd.DataFrame(rows, columns=list(NO_FAILURES)).astype(NO_FAILURES) for rows in left.values()
        )
        done = Batch(batch.invoices, batch.tables, pd.DataFrame(files), failed, unchanged)
        return done, action.transform(done, params, self)

    def _stored(self, artefact: Artefact) -> dict[str, Any]:
        data = artefact.content
        if callable(data):
            stream = io.BytesIO()
            data(stream)
            data = stream.getvalue()
        file = self.root / "data" / artefact.place / artefact.name
        file.parent.mkdir(parents=True, exist_ok=True)
        assert not file.exists(), "a stored file is never overwritten"
        file.write_bytes(data)
        return {
            "invoice_id": artefact.invoice_id,
            "name": artefact.name,
            "path": f"{artefact.place}/{artefact.name}",
            "sha256": hashlib.sha256(data).hexdigest(),
            "size": len(data),
            **artefact.details,
        }
