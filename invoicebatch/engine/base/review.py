"""The review of documents: the workspace's checks over their overview and history columns, read in one moment.

What waits for approval is judged once, when somebody asks, and kept until anything changes that it was judged by.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from invoicebatch.eligibility.review import FILE, Checks, Review, judge, load_checks
from invoicebatch.engine.base.judged import judged_by
from invoicebatch.errors import BusyError, RulesError, StorageError, WorkspaceError
from invoicebatch.model.changes import failures, joined
from invoicebatch.store import Compared, Session, Store

_AT_ONCE: Final = 100_000
"""Documents."""
_PATIENCE: Final = 5.0
"""Seconds that a look waits to keep what was judged."""


@dataclass(frozen=True)
class Reviewer:
    """Whose checks judge, and when.

    Attributes:
        store: the state.
        root: of the workspace, with its rules.
        today: the day of the judgement.
        term_days: days to pay where neither document nor customer has any.
    """

    store: Store
    root: Path
    today: date
    term_days: int

    @cached_property
    def checks(self) -> Checks:
        """The workspace's checks.

        Raises:
            RulesError: rules/review.toml is wrong.
        """
        return load_checks(self.root)

    def review(self, ids: npt.NDArray[np.int64]) -> Review:
        """What is odd about documents, by all checks."""
        with self.store.read() as session:
            return self._judged(session, self.checks, ids)

    def verdicts(self, ids: Sequence[int]) -> dict[int, tuple[str, str | None]]:
        """What is made of documents, as the columns `review` and `review_reasons` have it, by id."""
        found = self.review(np.asarray(ids, np.int64)).findings
        said = _by_document(found).set_index("invoice_id")
        seen = found.loc[found["reviewed"].notna(), "invoice_id"]
        stops = said["stops"].dropna().to_dict()
        looks = said["looks"].dropna().drop(seen, errors="ignore").to_dict()
        words = {each: [text[each] for text in (stops, looks) if each in text] for each in ids}
        return {
            each: ("stop" if each in stops else "look" if told else "fine", "; ".join(told) or None)
            for each, told in words.items()
        }

    def kept(
        self, session: Session, severity: str, ids: npt.NDArray[np.int64] | None = None
    ) -> pd.DataFrame | None:
        """What is kept of documents (None: of all), as `Review.reasons`; None: they must be judged."""
        if session.review_judged_by() != self._by:
            return None
        found = session.kept_findings(severity, ids)
        return failures(found["invoice_id"], found[f"{severity}s"])

    def odd(self, ids: npt.NDArray[np.int64], severity: str) -> pd.DataFrame:
        """What the checks of one severity find of documents now, as `Review.reasons`."""
        with self.store.read() as session:
            return self._judged(session, self.checks.of(severity), ids).reasons(severity)

    def keep_judged(self) -> None:
        """Judge all that waits for approval.

        Where nothing can be kept (another writes for long, or nobody may write), it stays not judged.
        """
        patient = Store(self.store.data, _PATIENCE)
        with suppress(BusyError, StorageError, WorkspaceError), patient.write() as session:
            found = self._judged(session, self.checks, session.review_waiting()).findings
            session.keep_findings(_by_document(found), self._by)

    @property
    def _by(self) -> str:
        return judged_by(self.root, self.today, self.term_days)

    def _judged(self, session: Session, checks: Checks, ids: npt.NDArray[np.int64]) -> Review:
        self._refuse_unknown_products(session, checks)
        by = Compared(checks.documents, self.today, self.term_days)
        return judge(checks, self._rows(session, checks, ids, by), self.today)

    def _rows(
        self, session: Session, checks: Checks, ids: npt.NDArray[np.int64], by: Compared
    ) -> Iterator[pd.DataFrame]:
        """Overview and history columns, of so many documents at once that their number takes no memory."""
        for history in session.history_columns(ids, by, checks.history, _AT_ONCE):
            frame = session.overview(checks.overview, self.today, history["invoice_id"].to_numpy())
            yield frame.merge(history, on="invoice_id").set_axis(history.index)

    def _refuse_unknown_products(self, session: Session, checks: Checks) -> None:
        named = {product: name for name, check in checks.by_name.items() for product in check.products}
        if not named or not (unknown := session.unknown_products(named)):
            return
        file = self.root / "rules" / FILE
        raise RulesError(f"{file}: {named[unknown[0]]}.when: no line has the product {unknown[0]}")


def _by_document(findings: pd.DataFrame) -> pd.DataFrame:
    """One row a document: invoice_id, and all reasons of each severity in one text, each reason once."""
    findings = findings.drop_duplicates(["invoice_id", "reason"])  # those that stop come first
    texts = {f"{name}s": joined(findings[findings["severity"] == name]) for name in ("stop", "look")}
    table = pd.DataFrame(texts).astype("str").rename_axis("invoice_id").reset_index()
    return table.astype({"invoice_id": "int64"})
