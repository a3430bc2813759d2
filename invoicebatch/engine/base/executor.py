"""Where the writers run: a pool of spawned processes, or a Dask cluster behind the same interface.

Jobs are handed out a few at a time, so a long selection never sits in memory; results come in order.
"""

import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from itertools import chain, islice
from multiprocessing import get_context, parent_process
from pathlib import Path
from threading import Thread
from time import perf_counter
from typing import TYPE_CHECKING, Final, Self, TypeVar

from invoicebatch.files.platform import cores
from invoicebatch.model.action import Action
from invoicebatch.settings import Settings

if TYPE_CHECKING:
    from invoicebatch.engine.base.cluster import Cluster, Waiting

J = TypeVar("J")
R = TypeVar("R")

_AHEAD = 3
"""Jobs in flight per process."""


SECONDS_ALONE: Final = 1.0
"""About what it takes to start workers."""


class Pool:
    """A lazily started pool; `close` it, or use it as a context."""

    def __init__(self, settings: Settings, root: Path, data: Path) -> None:
        """Nothing is started yet.

        Args:
            settings: how many processes, or which cluster.
            root: the workspace, whose templates and rules a cluster is sent.
            data: the folder of its state.
        """
        self._settings = settings
        self._places = root, data
        self._local: ProcessPoolExecutor | None = None
        self._cluster: Cluster | None = None

    @property
    def processes(self) -> int:
        """Number of workers."""
        if self._cluster is not None:
            return self._cluster.width
        return self._settings.executor.processes or cores()

    def check(self, action: Action, rows: int) -> None:
        """Before anything is reserved or claimed: a cluster must answer, and do what this machine would.

        One that makes a single file at the end is asked when its first job goes there.

        Args:
            action: what is to be run.
            rows: how many rows take it.

        Raises:
            SettingsError: the cluster does not.
        """
        if self._settings.executor.dask and action.files_a_commit and rows > 1:
            self._start()

    def map(self, function: Callable[[J], R], jobs: Iterable[J]) -> Iterator[R]:
        """Apply a module-level function to each job, results in order.

        Until there are workers, the first jobs run right here: they are started for what lasts longer than that takes.
        """
        iterator = iter(jobs)
        first = list(islice(iterator, 2))
        rest = chain(first, iterator)
        if len(first) > 1 and (self._local or self._settings.executor.dask):
            yield from self._spread(function, rest)
            return
        begun = perf_counter()
        for job in rest:
            yield function(job)
            if self.processes > 1 and perf_counter() - begun > SECONDS_ALONE:
                break
        if following := list(islice(rest, 1)):
            yield from self._spread(function, chain(following, rest))

    def _spread(self, function: Callable[[J], R], jobs: Iterator[J]) -> Iterator[R]:
        executor = self._start()
        waiting: deque[Future[R] | Waiting[R]] = deque()
        try:
            for job in jobs:
                with _without_main():
                    waiting.append(executor.submit(function, job))
                if len(waiting) >= self.processes * _AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            cancelled = [future.cancel() for future in waiting]
            if not all(cancelled):
                self._stop()

    def _stop(self) -> None:
        """End workers that are at something which nobody waits for any more: they only make bytes."""
        if self._local is not None:
            for process in list((self._local._processes or {}).values()):  # noqa: SLF001 - until Python 3.14
                process.terminate()
            self._local.shutdown(wait=True, cancel_futures=True)
            self._local = None

    def _start(self) -> "ProcessPoolExecutor | Cluster":
        if self._settings.executor.dask:
            from invoicebatch.engine.base.cluster import Cluster

            if self._cluster is None:
                with _without_main():
                    self._cluster = Cluster(self._settings, *self._places)
            return self._cluster
        self._local = self._local or ProcessPoolExecutor(
            self.processes, mp_context=get_context("spawn"), initializer=_end_with_parent
        )
        return self._local

    def close(self) -> None:
        """Stop the workers."""
        if self._local is not None:
            self._local.shutdown(wait=True)  # `_spread` has cancelled what was waiting
            self._local = None
        if self._cluster is not None:
            self._cluster.close()
            self._cluster = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, failure: object, *_: object) -> None:
        if failure is not None:
            self._stop()
        self.close()


def _end_with_parent() -> None:
    """Let a worker go with the process that started it, however that ends: it would wait for jobs for ever."""
    parent = parent_process()
    assert parent is not None  # noqa: S101 - this is a worker

    def wait() -> None:
        parent.join()
        os._exit(1)

    Thread(target=wait, daemon=True).start()


@contextmanager
def _without_main() -> Iterator[None]:
    """Keep spawned workers from importing the caller's script, which might run its actions again."""
    main = sys.modules["__main__"]
    hidden: dict[str, object] = {
        name: main.__dict__.pop(name) for name in ("__file__", "__spec__") if name in main.__dict__
    }
    main.__spec__ = None
    try:
        yield
    finally:
        del main.__spec__
        main.__dict__.update(hidden)
