"""The review of documents: the workspace's checks over their overview and history columns, read in one moment."""

from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt

from invoicebatch.eligibility.review import Review, judge, load_checks
from invoicebatch.store import Store


def review(store: Store, root: Path, ids: npt.NDArray[np.int64], today: date, severity: str = "") -> Review:
    """What is odd about documents, by all checks or by those of one severity.

    Raises:
        RulesError: rules/review.toml is wrong.
    """
    checks = load_checks(root)
    checks = checks.of(severity) if severity else checks
    with store.read() as session:
        frame = session.overview(checks.overview, today, ids)
        history = session.history_columns(ids, checks.documents, checks.history)
    return judge(checks, frame.merge(history, on="invoice_id", how="left"), today)
