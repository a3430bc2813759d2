"""Work beside the grid: the last job asked for, once nothing was asked for a moment."""

import threading
import time
from collections.abc import Callable


class Latest:
    """Runs one job in a thread of its own; asked again meanwhile, it runs once more.

    Args:
        job: what is done; it must not raise.
        quiet_seconds: it waits so long for further asking before each start.

    The thread ends with its work, and is no daemon: one that is inside a library when the interpreter ends
    takes the process down.
    """

    def __init__(self, job: Callable[[], None], quiet_seconds: float) -> None:
        self._job, self._quiet_seconds = job, quiet_seconds
        self._lock = threading.Lock()
        self._asked = False
        self._thread: threading.Thread | None = None

    def ask(self) -> None:
        """Have the job done soon."""
        with self._lock:
            self._asked = True
            if self._thread is None:
                self._thread = threading.Thread(target=self._work)
                self._thread.start()

    def wait(self) -> None:
        """Wait until nothing is asked for any more."""
        thread = self._thread
        if thread is not None:
            thread.join()

    def _work(self) -> None:
        while self._taken():
            self._job()

    def _taken(self) -> bool:
        time.sleep(self._quiet_seconds)
        with self._lock:
            asked, self._asked = self._asked, False
            if not asked:
                self._thread = None
            return asked
