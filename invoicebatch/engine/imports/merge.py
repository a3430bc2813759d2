"""Merging imported rows into tables: what is new goes in, what differs is changed, the rest is left alone.

The same file twice changes nothing. A document past `approval_failed` is never changed by an import.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from invoicebatch.engine.imports.changed import changed_cells
from invoicebatch.engine.imports.party_changes import with_changes
from invoicebatch.engine.imports.same import Mask, same
from invoicebatch.model.schema import TABLES
from invoicebatch.model.status import TRANSITIONS, MandateStatus, Status
from invoicebatch.store import Session

CHANGEABLE: Final = ("empty", "approval_failed")
OUTSTANDING: Final = "outstanding_cents"


@dataclass
class Merge:
    """One import at work inside one transaction.

    Attributes:
        counts: by table: rows added, changed, unchanged.
        refused: rows kept out: file str, row int64, column, value, reason str.
        doubted: rows taken with a doubt; same columns.
        notes: sentences on what was left as it is.
        touched: invoice ids that were added or changed.
        fresh: invoice ids that were added; their parts go in whatever the status.
        part_touched: invoice ids of which lines or other parts were added, changed or removed.
        cells: what was changed, cell by cell; see `changed_cells`.
        whole: invoice ids of the documents that this import holds and may change.
    """

    session: Session
    now: datetime
    imported_from: str
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    refused: list[pd.DataFrame] = field(default_factory=list)
    doubted: list[pd.DataFrame] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    touched: list[pd.Series] = field(default_factory=list)
    fresh: set[int] = field(default_factory=set)
    part_touched: list[pd.Series] = field(default_factory=list)
    cells: list[pd.DataFrame] = field(default_factory=list)
    whole: pd.Series = field(default_factory=lambda: pd.Series(dtype="int64"))

    def parties(self, table: str, frame: pd.DataFrame, *, only_new: bool = False) -> None:
        """Merge rows of a table with a natural key; `only_new` leaves known keys alone."""
        current = self._current(table, frame)
        frame = kept_suspended(frame, current) if table == "mandates" else frame
        known = current.index.to_numpy() >= 0
        changed = known & self._differs(table, frame, current) & (not only_new)
        self._insert(table, frame[~known])
        self._update(table, frame[changed], current[changed])
        self._count(table, ~known, changed)

    def invoices(self, frame: pd.DataFrame, sources: pd.DataFrame) -> None:
        """Merge documents by `external_id`; new ones get an id."""
        ids = self._ids(frame["external_id"])
        known = ids.notna().to_numpy()
        fresh = frame[~known]
        fresh = fresh.assign(
            invoice_id=self.session.reserve_ids(len(fresh)),
            imported_from=self.imported_from,
            created_at=self.now,
            updated_at=self.now,
        )
        self._insert("invoices", fresh)
        self.fresh.update(fresh["invoice_id"].tolist())
        old = frame[known].assign(invoice_id=ids[known].astype("int64"))
        current = self._current("invoices", old)
        differs = self._differs("invoices", old, current)
        why = self._why_fixed(old["invoice_id"], current["status"])
        changeable = why == ""
        frozen = differs & ~changeable
        self._note(sources[known][frozen], "external_id", old["external_id"][frozen], why[frozen])
        changed = differs & ~frozen
        self._update("invoices", with_outstanding(old[changed], current[changed]), current[changed])
        self.whole = pd.concat([fresh["invoice_id"], old["invoice_id"][changeable]])
        self.touched += [fresh["invoice_id"], old["invoice_id"][changed]]
        self._count(
            "invoices", ~known, np.isin(np.flatnonzero(known), np.flatnonzero(known)[changed]), len(frame)
        )

    def parts(self, table: str, frame: pd.DataFrame, sources: pd.DataFrame | None) -> None:
        """Merge rows that hang on a document; unknown documents and frozen ones are refused.

        Rows without sources were derived from others, which are the ones that are named. Of a document
        that came in this import too, stored rows that the files no longer hold are removed.
        """
        if sources is None:
            sources = pd.DataFrame({"file": None, "row": 0}, index=frame.index)
        ids = self._ids(frame["external_id"])
        lost = ids.isna().to_numpy()
        self._note(
            sources[lost],
            "external_id",
            frame["external_id"][lost],
            "there is no invoice with this external id",
        )
        frame = self._with_advances(frame)
        rows = frame[~lost].assign(invoice_id=ids[~lost].astype("int64")).reset_index(drop=True)
        places = sources[~lost].reset_index(drop=True)
        current = self._current(table, rows)
        known = current.index.to_numpy() >= 0
        differs = ~known | self._differs(table, rows, current)
        why = self._why_fixed(rows["invoice_id"], self._status(rows["invoice_id"]))
        new = rows["invoice_id"].isin(self.fresh).to_numpy()
        frozen = differs & (why != "") & ~new
        self._note(places[frozen], "external_id", rows["external_id"][frozen], why[frozen])
        added, changed = differs & ~known & ~frozen, differs & known & ~frozen
        self._insert(table, rows[added])
        self._update(table, rows[changed], current[changed])
        removed = self._remove_missing(table, rows)
        self.part_touched += [rows["invoice_id"][added | changed], removed]
        self._count(table, added, changed, int((~frozen).sum()))

    def finish(self) -> None:
        """A document whose rows changed has changed: plans and sheets made before are stale.

        A changed document is not the one whose approval failed: it is empty again; nor the one that was reviewed.
        """
        ids = pd.concat(self.part_touched) if self.part_touched else pd.Series(dtype="int64")
        done = pd.concat(self.touched) if self.touched else ids[:0]
        ids = ids[~ids.isin(done)].drop_duplicates().reset_index(drop=True)
        self.session.update("invoices", ids.to_frame("invoice_id"), self.now)
        self.touched.append(ids)
        changed = pd.concat(self.touched)
        stored = self.session.rows_of(
            "invoices", "invoice_id", changed[~changed.isin(self.fresh)], ["invoice_id", "status", "reviewed"]
        )
        reviewed = stored.loc[stored["reviewed"].notna(), ["invoice_id"]]
        nobody = pd.Series(None, reviewed.index, dtype="str")
        self.session.update("invoices", reviewed.assign(reviewed=nobody), self.now)
        failed = stored.loc[stored["status"] == Status.APPROVAL_FAILED, ["invoice_id"]]
        emptied = failed.assign(status=Status.EMPTY.value, failure=pd.Series(None, failed.index, dtype="str"))
        self.session.update("invoices", emptied, self.now, TRANSITIONS["import"])

    def _with_advances(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Lines that deduct an advance point to it by its invoice id."""
        if "advance_of_external_id" not in frame:
            return frame
        return frame.assign(advance_of=self._ids(frame["advance_of_external_id"]))

    def _remove_missing(self, table: str, rows: pd.DataFrame) -> "pd.Series[int]":
        """Delete stored rows of whole documents that the import does not hold; returns their documents."""
        key = list(TABLES[table].frame_key)
        ids = self.whole[self.whole.isin(rows["invoice_id"])]
        stored = self.session.rows_of(table, "invoice_id", ids)[key]
        held = pd.MultiIndex.from_frame(rows[key].astype({k: stored[k].dtype for k in key}))
        gone = stored[~pd.MultiIndex.from_frame(stored).isin(held)]
        self.session.delete(table, gone.reset_index(drop=True), self.now)
        return gone["invoice_id"]

    def _ids(self, external: pd.Series) -> pd.Series:
        found = self.session.ids_of("external_id", list(external.dropna().drop_duplicates()))
        return external.map(found.set_index("value")["invoice_id"]).astype("Int64")

    def _status(self, ids: pd.Series) -> pd.Series:
        found = self.session.rows_of("invoices", "invoice_id", ids)[["invoice_id", "status"]]
        return ids.map(found.set_index("invoice_id")["status"].astype("str"))

    def _current(self, table: str, frame: pd.DataFrame) -> pd.DataFrame:
        """The stored row of each row's key, in the frame's order; index -1: there is none."""
        key = list(TABLES[table].frame_key)
        stored = self.session.rows_of(table, key[0], frame[key[0]]).reset_index(names="place")
        wanted = frame[key].astype({k: stored[k].dtype for k in key})
        merged = wanted.merge(stored, on=key, how="left")
        return merged.set_index(merged.pop("place").fillna(-1).astype("int64"))

    def _differs(self, table: str, frame: pd.DataFrame, current: pd.DataFrame) -> Mask:
        editable = [
            c.frame_name for c in TABLES[table].columns if c.editable and c.frame_name in frame.columns
        ]
        differs = np.zeros(len(frame), bool)
        for name in editable:
            differs |= ~same(frame[name].reset_index(drop=True), current[name].reset_index(drop=True))
        return differs

    def _insert(self, table: str, frame: pd.DataFrame) -> None:
        self.session.insert(table, frame)

    def _update(self, table: str, frame: pd.DataFrame, current: pd.DataFrame) -> None:
        described = TABLES[table]
        names = [
            c.frame_name
            for c in described.columns
            if (c.editable or c.frame_name == OUTSTANDING) and c.frame_name in frame.columns
        ]
        rows = frame[[*described.frame_key, *names]].reset_index(drop=True)
        if "version" in current.columns:
            rows["version"] = current["version"].to_numpy()
        if len(rows):
            self.cells.append(changed_cells(table, rows, current))
            self.session.update(table, with_changes(table, rows, current, self.now), self.now)

    def _why_fixed(self, ids: pd.Series, status: pd.Series) -> npt.NDArray[np.object_]:
        """Why each document can't be changed now: approved already, or at work in a run; else empty."""
        held = self.session.holders(ids).set_index("invoice_id")["run_id"].str[:8]
        busy = "the invoice is busy in run " + ids.map(held).astype("str") + "; import it again afterwards"
        approved = status.eq(Status.APPROVED.value).to_numpy(bool)
        ways = np.where(approved, "withdraw its approval and import again", "credit it instead")
        way = pd.Series(ways, index=status.index, dtype="str")
        late = "the invoice is " + status.astype("str") + " already; an import can't change it: " + way
        reasons = np.where(ids.isin(held.index), busy.to_numpy(object), "")
        result: npt.NDArray[np.object_] = np.where(status.isin(CHANGEABLE), reasons, late.to_numpy(object))
        return result

    def _note(
        self, places: pd.DataFrame, column: str, values: pd.Series, reason: "npt.NDArray[np.object_] | str"
    ) -> None:
        found = places.assign(
            column=column,
            value=values.to_numpy(),
            reason=reason,
        )
        self.refused.append(found[found["file"].notna()])

    def _count(self, table: str, added: Mask, changed: Mask, total: int | None = None) -> None:
        new, other = int(added.sum()), int(changed.sum())
        counts = self.counts.setdefault(table, {"added": 0, "changed": 0, "unchanged": 0})
        counts["added"] += new
        counts["changed"] += other
        counts["unchanged"] += (len(added) if total is None else total) - new - other


def kept_suspended(frame: pd.DataFrame, current: pd.DataFrame) -> pd.DataFrame:
    """The mandates with those still suspended that a return ended: only a new signature or account lifts it."""
    suspended = current["status"].astype("str").eq(MandateStatus.SUSPENDED).to_numpy()
    if not suspended.any():
        return frame
    renewed = np.zeros(len(frame), bool)
    for name in {"signed_on", "iban"} & set(frame.columns):
        renewed |= ~same(frame[name].reset_index(drop=True), current[name].reset_index(drop=True))
    status = frame["status"].astype("str") if "status" in frame else pd.Series(None, frame.index, dtype="str")
    stays = status.mask(suspended & ~renewed, MandateStatus.SUSPENDED.value)
    given = status.notna().to_numpy() & status.ne(MandateStatus.SUSPENDED).to_numpy()
    lifted = stays.mask(suspended & renewed & ~given, MandateStatus.ACTIVE.value)
    return frame.assign(status=lifted.astype(TABLES["mandates"].column("status").dtype))


def with_outstanding(frame: pd.DataFrame, current: pd.DataFrame) -> pd.DataFrame:
    """The rows with what is outstanding after them: total − prepaid + rounding − paid − credited."""
    amounts = {
        name: (frame if f"{name}_cents" in frame and name not in ("paid", "credited") else current)[
            f"{name}_cents"
        ].to_numpy("int64")
        for name in ("total", "prepaid", "rounding", "paid", "credited")
    }
    due = amounts["total"] - amounts["prepaid"] + amounts["rounding"] - amounts["paid"] - amounts["credited"]
    return frame.assign(**{OUTSTANDING: due})
