"""One grid's state in the kernel: frame, arrangement, selection; and the messages that change it.

No widget here: what the browser is told goes through two functions, so tests talk to it directly.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

import numpy as np
import pandas as pd

from invoicebatch.errors import InvoicebatchError, UsageError
from invoicebatch.interfaces.lab import bar, filters
from invoicebatch.interfaces.lab.action_bar import ActionBar
from invoicebatch.interfaces.lab.backend import Backend, Interrupted
from invoicebatch.interfaces.lab.columns import SHIPPED_VIEWS, column, columns
from invoicebatch.interfaces.lab.messages import read
from invoicebatch.interfaces.lab.selection import Marks, Selection, ids_of
from invoicebatch.interfaces.lab.view import Arrangement, View, arrangement_of
from invoicebatch.model.readable import FIRST

PAGE: Final = 100
QUIET_SECONDS: Final = 0.2
"""A selection that stands so long is asked for by the actions' own checks too."""
COPIED_ROWS: Final = 10_000
Publish = Callable[[str, dict[str, Any]], None]
Send = Callable[[dict[str, Any], list[bytes]], None]


class Session:
    """A grid over a backend.

    `publish(name, value)` sets state that every view of the grid shows; `send(message, buffers)`
    answers one request. The bar counts by the rules at once, and a moment later by the actions' own checks.
    """

    def __init__(
        self, backend: Backend, publish: Publish, send: Send, quiet_seconds: float = QUIET_SECONDS
    ) -> None:
        self.backend = backend
        self.publish, self.send = publish, send
        self.lock = threading.RLock()
        self.arrangement = Arrangement()
        self.version = backend.version()
        self.load_seconds = 0.0
        self.waiting: Sequence[Interrupted] = ()
        self.working = False
        self._moment = backend.moment()
        self._serial = 0
        head, self.rows = backend.head(PAGE)
        self.columns = columns(head.columns)
        self.keys = [key for key in FIRST if key in head.columns]
        self.pinned = 1
        self.widths: dict[str, int] = {}
        self._seat(View(head))
        self._table(loading=True)
        self.publish("waiting", {"runs": []})
        self.publish("elsewhere", {"changed": False, "runs": []})
        self.bar = ActionBar(backend, lambda state: publish("bar", state), self.lock, quiet_seconds)
        # Later than the first rows: on few cores it would hold up their way to the screen.
        self._loader = threading.Timer(quiet_seconds, self._first_load)
        self._error: Exception | None = None
        self._loader.start()
        self._handlers: dict[str, Callable[[Mapping[str, Any]], None]] = {
            "page": self._page,
            "view": self._arrange,
            "keys": self._choose_keys,
            "select": self._select,
            "facets": self._facets,
            "why": self._why,
            "show": self._show,
            "views": self._views,
            "copy": self._copy,
            "refresh": lambda _: self.reload(),
        }

    @property
    def prefs(self) -> dict[str, Any]:
        """The views a person may choose: those kept in the workspace, and those that come with the grid, counted."""
        return {
            "views": self.backend.read_views(),
            "shipped": [{**view, "rows": self.view.count(view["filters"])} for view in SHIPPED_VIEWS],
        }

    def extend(self, handlers: Mapping[str, Callable[[Mapping[str, Any]], None]]) -> None:
        """Answer further kinds of message."""
        self._handlers.update(handlers)

    def handle(self, message: Mapping[str, Any]) -> None:
        """Carry out what a browser asked; an error is told, never dropped."""
        try:
            asked = read(message)
            self.ready()
            with self.lock:
                self._handlers[message["kind"]](asked)
        except InvoicebatchError as error:
            self.tell(error)
        except Exception as error:  # noqa: BLE001 - the person at the grid would wait for an answer forever
            self.tell(InvoicebatchError(f"{type(error).__name__}: {error}"))

    def tell(self, error: InvoicebatchError) -> None:
        """Show an error in the grid."""
        self.send({"kind": "error", "message": error.message, "hint": error.hint}, [])

    def ready(self) -> None:
        """Wait until all rows are in.

        Raises:
            InvoicebatchError: they could not be loaded.
        """
        if threading.current_thread() is not self._loader:
            self._loader.join()
        if self._error is not None:
            raise self._error

    def reload(self) -> None:
        """Load the rows anew, keeping arrangement and selection; slow parts run unlocked."""
        start = time.perf_counter()
        version, moment = self.backend.version(), self.backend.moment()
        frame = self.backend.load()
        evaluation = self.backend.evaluate(frame)
        counts = bar.Counts(evaluation, self.backend.actions, len(frame))
        totals = bar.Totals(frame)
        view = View(frame)
        waiting = self.backend.interrupted()
        with self.lock:
            self.version, self.totals, self.rows, self._moment = version, totals, len(frame), moment
            view.arrange(self.arrangement)
            self.view = view
            self.marks.move(view)
            self.bar.seat(view, self.marks, counts, totals)
            self._table(keep=True)
            self.bar.publish()
            self.publish("prefs", self.prefs)
            self.publish("elsewhere", {"changed": False, "runs": []})
            self._tell_waiting(waiting)
        self.load_seconds = time.perf_counter() - start

    def look(self) -> None:
        """Say what others have changed since the rows were loaded; the rows stay as they are until asked for."""
        self.ready()
        version = self.backend.version()
        if self.working or version == self.version:
            return
        now, waiting = self.backend.moment(), self.backend.interrupted()
        runs = self.backend.elsewhere(self._moment) if now != self._moment else []
        with self.lock:
            self.version = version
            if now != self._moment:
                self.publish("elsewhere", {"changed": True, "runs": [asdict(run) for run in runs]})
            self._tell_waiting(waiting)

    def _tell_waiting(self, waiting: Sequence[Interrupted]) -> None:
        self.waiting = waiting
        self.publish("waiting", {"runs": [_told(run) for run in waiting]})

    def selection(self) -> Selection:
        """What is selected now."""
        self.ready()
        with self.lock:
            frame = self.view.frame[self.marks.mask].reset_index(drop=True)
            return Selection(self.marks.ids, frame, self.marks.where)

    def select_ids(self, ids: Any, label: str = "") -> None:
        """Select these rows, and show only them where a label says why."""
        self.ready()
        with self.lock:
            wanted = ids_of(ids)
            self.marks.only(wanted)
            if label:
                self.arrangement = Arrangement(only=wanted, only_label=label)
                self.view.arrange(self.arrangement)
                self._table()
            self.bar.publish()

    def actions(self) -> pd.DataFrame:
        """The bar as a frame: action, label, group, eligible, selected."""
        self.ready()
        self.bar.checks.wait()
        with self.lock:
            rows = self.bar.actions()
            return pd.DataFrame(
                {
                    "action": [row["name"] for row in rows],
                    "group": [row["group"] for row in rows],
                    "label": [row["label"] for row in rows],
                    "eligible": [row["ok"] for row in rows],
                    "selected": self.marks.count,
                    "blocked": [row["blocked"] for row in rows],
                }
            )

    def rows_of(self, ids: Any) -> pd.DataFrame:
        """The overview rows of these ids; ids that are gone are left out."""
        return self.view.frame.take(self.view.positions(ids))

    def hidden(self, ids: Any) -> int:
        """How many of these rows are not shown now."""
        return int((~np.isin(self.view.positions(ids), self.view.order)).sum())

    def able(self, action: str, ids: Any) -> int:
        """How many of these rows can take an action, by the rules."""
        return int(self.bar.able(action)[self.view.positions(ids)].sum())

    def filter_by(self, key: str, value: str) -> None:
        """Show only the rows with this value of a column, in the order they stand in now."""
        self.arrangement = Arrangement(self.arrangement.sort, {key: {"in": [value]}})
        self._rearrange()

    def names(self, ids: Any) -> dict[int, str]:
        """What people call these invoices: the number, else the reference, and the customer's name and number."""
        with self.lock:
            rows = self.rows_of(ids)
        customer = (
            rows["customer_name"].astype("str").fillna("") + " (" + rows["customer_id"].astype("str") + ")"
        )
        called = rows["number"].fillna(rows["external_id"]).astype("str") + " " + customer
        return dict(zip(rows["invoice_id"].tolist(), called.astype(str).tolist(), strict=True))

    def _first_load(self) -> None:
        try:
            self.reload()
        except Exception as error:  # noqa: BLE001 - a thread has nobody else to tell
            self._error = error
            self.tell(error if isinstance(error, InvoicebatchError) else InvoicebatchError(str(error)))

    def _seat(self, view: View) -> None:
        self.view, self.marks = view, Marks(view)

    def _table(self, keep: bool = False, loading: bool = False) -> None:
        self._serial += 1
        arrangement = self.arrangement
        shown = np.zeros(len(self.view.frame), dtype=bool)
        shown[self.view.order] = True
        self.publish(
            "table",
            {
                "v": self._serial,
                "total": self.rows if loading else len(self.view.order),
                "all": self.rows,
                "loading": loading,
                "keep": keep,
                "sort": arrangement.sort,
                "filters": arrangement.filters,
                "search": arrangement.search,
                "others": 0 if loading else self.view.others(arrangement),
                "only": arrangement.only_label,
                "keys": self.keys,
                "pinned": self.pinned,
                "widths": self.widths,
                "currencies": self.view.frame["currency"].nunique(),
                "serial": self.marks.serial,
                "totals": [] if loading else self.totals.of(shown),
                "rows": self.view.page(0, PAGE, self.keys, self.marks.mask),
            },
        )

    def _page(self, message: Mapping[str, Any]) -> None:
        if message["v"] == self._serial:
            start = int(message["start"])
            rows = self.view.page(start, PAGE, self.keys, self.marks.mask)
            answer = {"kind": "page", "v": self._serial, "start": start, "rows": rows}
            self.send({**answer, "serial": self.marks.serial}, [])

    def _arrange(self, message: Mapping[str, Any]) -> None:
        before = self.arrangement
        self.arrangement = arrangement_of(message, [column.key for column in self.columns])
        if message.get("only"):
            self.arrangement.only, self.arrangement.only_label = before.only, before.only_label
        self._rearrange()

    def arrange(self, arrangement: Arrangement) -> None:
        """Show rows in another arrangement."""
        self.arrangement = arrangement
        self._rearrange()

    def _rearrange(self) -> None:
        self.view.arrange(self.arrangement)
        self._table()
        self.bar.tell()

    def _choose_keys(self, message: Mapping[str, Any]) -> None:
        known = [column.key for column in self.columns]
        self.keys = [key for key in message["keys"] if key in known] or self.keys
        if message.get("pinned") is not None:
            self.pinned = min(int(message["pinned"]), len(self.keys))
        if message.get("widths") is not None:
            self.widths = {key: width for key, width in message["widths"].items() if key in known}
        self._table(keep=True)

    def _select(self, message: Mapping[str, Any]) -> None:
        match message["op"]:
            case "set":
                self.marks.only(message["ids"])
            case "toggle":
                self.marks.toggle(message["ids"])
            case "range":
                self.marks.span(int(message["a"]), int(message["b"]), bool(message.get("add")))
            case "all":
                self.marks.everything(self.where())
            case "shown":
                self.marks.keep_shown()
            case _:
                self.marks.clear()
        self.bar.publish(by=str(message.get("by") or ""))

    def where(self) -> str:
        """The filter that says what is shown; empty where no filter can."""
        if self.arrangement.only is not None:
            return ""
        asked = self.arrangement.search
        exact = self.view.exact(asked)
        text = filters.where(self.arrangement.filters, asked, self.backend.where, exact=exact)
        return text or "true"

    def _facets(self, message: Mapping[str, Any]) -> None:
        found = self.view.facets(str(message["key"]), self.arrangement)
        self.send({"kind": "facets", "key": message["key"], **found}, [])

    def _why(self, message: Mapping[str, Any]) -> None:
        action = str(message["action"])
        reasons = [list(pair) for pair in self.bar.reasons(action)[:30]]
        self.send({"kind": "why", "action": action, "reasons": reasons}, [])

    def _show(self, message: Mapping[str, Any]) -> None:
        action, reason = str(message["action"]), message.get("reason")
        wanted = self.bar.refused(action, reason if reason is None else str(reason))
        label = str(reason or f"can't: {self.backend.actions[action].title}")
        self.arrange(Arrangement(only=wanted, only_label=label))

    def _copy(self, _: Mapping[str, Any]) -> None:
        """The selected rows as a table that a spreadsheet takes from the clipboard."""
        at = self.view.order[self.marks.mask[self.view.order]]
        if len(at) > COPIED_ROWS:
            raise UsageError(
                f"{len(at):,} rows are too many for the clipboard; at most {COPIED_ROWS:,} go.",
                "Export them instead.",
            )
        text = self.view.text(at, [(key, column(key).label) for key in self.keys])
        self.send({"kind": "copied", "text": text, "rows": len(at)}, [])

    def _views(self, message: Mapping[str, Any]) -> None:
        self.backend.write_views(list(message["views"]))
        self.publish("prefs", self.prefs)


def _told(run: Interrupted) -> dict[str, Any]:
    since = run.since.isoformat(timespec="seconds")
    told = {"run": run.run_id, "label": run.action.title, "rows": run.rows, "since": since}
    return {**told, "left": run.left, "messages": run.messages}
