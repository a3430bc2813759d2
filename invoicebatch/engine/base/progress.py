"""One progress protocol with its sinks: nothing, a terminal bar, a notebook bar."""

import sys
from typing import Any, Protocol

from markupsafe import Markup


class Progress(Protocol):
    """Told how far a run is; rows are the unit."""

    def start(self, label: str, total: int) -> None:
        """A stage of so many rows begins."""

    def advance(self, rows: int) -> None:
        """So many more rows are done."""

    def stop(self) -> None:
        """The run ended, however it did."""


class Silent:
    """Shows nothing."""

    def start(self, label: str, total: int) -> None:
        """Nothing."""

    def advance(self, rows: int) -> None:
        """Nothing."""

    def stop(self) -> None:
        """Nothing."""


class Terminal:
    """A rich bar on standard error."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._task: Any = None

    def start(self, label: str, total: int) -> None:
        """Begin a bar."""
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        if self._bar is None:
            self._bar = Bar(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeRemainingColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            self._bar.start()
        self._task = self._bar.add_task(label, total=total)

    def advance(self, rows: int) -> None:
        """Move the bar."""
        if self._bar is not None:
            self._bar.advance(self._task, rows)

    def stop(self) -> None:
        """Remove the bar."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


class Notebook:
    """One line of HTML that is updated in place, so that a saved notebook shows where it ended."""

    def __init__(self) -> None:
        self._handle: Any = None
        self._label = ""
        self._total = 0
        self._done = 0

    def start(self, label: str, total: int) -> None:
        """Begin a line."""
        from IPython.display import display

        self._label, self._total, self._done = label, total, 0
        self._handle = display(self._html(), display_id=True)

    def advance(self, rows: int) -> None:
        """Update the line."""
        self._done += rows
        if self._handle is not None:
            self._handle.update(self._html())

    def stop(self) -> None:
        """Leave the line as it is."""

    def _html(self) -> Any:
        from IPython.display import HTML

        share = self._done / self._total if self._total else 1
        bar = Markup('{}: <progress max="1" value="{:.3f}"></progress> {:,} of {:,}')
        return HTML(bar.format(self._label, share, self._done, self._total))


def automatic(wanted: "bool | Progress") -> Progress:
    """The sink for `progress=`: False none, True what suits the place, else the given one."""
    if not isinstance(wanted, bool):
        return wanted
    if not wanted:
        return Silent()
    if "ipykernel" in sys.modules:
        return Notebook()
    return Terminal() if sys.stderr.isatty() else Silent()
