"""The grid as an anywidget: state and messages between the kernel's session and the browser.

The front end is the files of `static/`, joined into one module here; nobody builds anything.
"""

import threading
import time
import uuid
import weakref
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import anywidget
import pandas as pd
import traitlets
from markupsafe import Markup

from invoicebatch.engine.detail import Detail
from invoicebatch.errors import InvoicebatchError
from invoicebatch.interfaces.lab.backend import Backend, Report
from invoicebatch.interfaces.lab.columns import column
from invoicebatch.interfaces.lab.detail_view import Details
from invoicebatch.interfaces.lab.groups import Groups
from invoicebatch.interfaces.lab.mending import Mending
from invoicebatch.interfaces.lab.payments import PaymentTabs
from invoicebatch.interfaces.lab.run_dialog import Runs
from invoicebatch.interfaces.lab.selection import Selection
from invoicebatch.interfaces.lab.session import Session
from invoicebatch.interfaces.lab.tables import static
from invoicebatch.interfaces.lab.view import FIRST_KEY
from invoicebatch.model.counted import counted

STATIC: Final = Path(__file__).parent / "static"
SCRIPTS: Final = (
    "dom",
    "format",
    "popover",
    "head",
    "grid",
    "filters",
    "views",
    "groups",
    "bar",
    "fields",
    "mail",
    "dialogs",
    "report",
    "detail",
    "payments",
    "main",
)
STYLES: Final = ("theme", "grid", "bar", "dialogs", "mail", "detail", "payments")


def _join(names: Iterable[str], suffix: str) -> str:
    """The files as one, without the comments and indents that only their readers need."""
    files = [(STATIC / f"{name}{suffix}").read_text(encoding="utf-8") for name in names]
    lines = (line.strip() for file in files for line in file.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith(("//", "/*")))


_STATIC: Final = Markup(
    "<style>.jp-OutputArea-child:has(.ib-static-{id}) + .jp-OutputArea-child:has(> .jupyter-widgets):not(:has(.ib))"
    ' {{ display: none; }}</style><div class="ib-static-{id}">{table}</div>'
)
"""What a saved notebook shows instead of the grid, and not JupyterLab's "model not found" beneath it."""


class Overview(anywidget.AnyWidget):
    """The invoice overview with its action bar.

    `selection` is what is selected: ids, frame, where; assign ids, a frame or a selection to it.
    """

    _esm = _join(SCRIPTS, ".js")
    _css = _join(STYLES, ".css")
    columns: traitlets.List[dict[str, Any]] = traitlets.List().tag(sync=True)
    table = traitlets.Dict().tag(sync=True)
    bar = traitlets.Dict().tag(sync=True)
    run = traitlets.Dict().tag(sync=True)
    waiting = traitlets.Dict().tag(sync=True)
    elsewhere = traitlets.Dict().tag(sync=True)
    prefs = traitlets.Dict().tag(sync=True)
    static_id = traitlets.Unicode().tag(sync=True)

    def __init__(self, backend: Backend, poll_seconds: float = 2.0, **options: Any) -> None:
        super().__init__(**options)
        self._closed = threading.Event()
        self._session = Session(backend, self._publish, self._tell)
        self._runs = Runs(self._session)
        self._mending = Mending(self._session, self._runs)
        self._details = Details(self._session)
        Groups(self._session)
        PaymentTabs(self._session, self._runs)
        self.static_id = uuid.uuid4().hex
        self.columns = [one.describe() for one in self._session.columns]
        self.prefs = self._session.prefs
        self.on_msg(_receive)
        if poll_seconds:
            watcher = threading.Thread(target=_watch, args=(weakref.ref(self), self._closed, poll_seconds))
            watcher.start()

    @property
    def selection(self) -> Selection:
        """What is selected now."""
        return self._session.selection()

    @selection.setter
    def selection(self, wanted: Any) -> None:
        self._session.select_ids(wanted)

    def actions(self) -> pd.DataFrame:
        """What can be done with the selection: action, group, label, eligible, selected, blocked."""
        return self._session.actions()

    @property
    def report(self) -> Report | None:
        """What the last run in this grid did."""
        return self._runs.report

    def detail(self, invoice: str | int) -> Detail:
        """An invoice with all that belongs to it, by its number or id; it shows itself in a notebook."""
        return self._session.backend.detail(invoice)

    def refresh(self) -> None:
        """Load the rows anew; the selection stays."""
        self._session.reload()

    def wait(self) -> None:
        """Wait until the rows are in and no run is under way."""
        self._session.ready()
        self._runs.wait()
        self._details.wait()

    def close(self) -> None:
        """Stop watching for changes and let go of the browser's side."""
        self._closed.set()
        super().close()

    def __repr__(self) -> str:
        return f"Overview({counted(self._session.rows, 'invoice')})"

    def _repr_mimebundle_(self, **options: Any) -> Any:
        bundle = super()._repr_mimebundle_(**options)
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle or {}, {})
        return {**data, "text/plain": repr(self)}, metadata

    def _ipython_display_(self) -> None:
        """Show the table that a saved notebook keeps, then the live grid, which hides it."""
        from IPython.display import HTML, display

        display(HTML(_STATIC.format(id=self.static_id, table=self._static())))
        data, metadata = self._repr_mimebundle_()
        display(data, raw=True, metadata=metadata)

    def _static(self) -> Markup:
        """The first rows and the counts, for a saved notebook."""
        table = self.table
        shown = [row[FIRST_KEY:] for row in table["rows"][:10]]
        caption = f"{table['total']:,} invoices; the first {len(shown)}. Run the cell for the live overview."
        return static(shown, [column(key) for key in table["keys"]], caption)

    def _publish(self, name: str, value: dict[str, Any]) -> None:
        setattr(self, name, value)

    def _tell(self, message: dict[str, Any], buffers: list[bytes]) -> None:
        self.send(message, buffers)


def _receive(widget: Overview, message: Mapping[str, Any], _: Any) -> None:
    widget._session.handle(message)  # noqa: SLF001 - the widget's own callback


def _watch(reference: "weakref.ref[Overview]", closed: threading.Event, seconds: float) -> None:
    """Say when another process has changed the invoices; end with the widget or the interpreter.

    No daemon thread: one that is inside a library when the interpreter ends takes the process down.
    """
    due = time.monotonic() + seconds
    while threading.main_thread().is_alive() and not closed.wait(min(seconds, 0.25)):
        widget = reference()
        if widget is None:
            return
        if time.monotonic() >= due:
            due = time.monotonic() + max(seconds, 5 * _look(widget._session))  # noqa: SLF001
        del widget


def _look(session: Session) -> float:
    """Look for changes; how long that took, in seconds."""
    start = time.monotonic()
    try:
        session.look()
    except InvoicebatchError as error:
        session.tell(error)
    return time.monotonic() - start
