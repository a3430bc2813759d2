"""Where the writers run: a pool of spawned processes, or a Dask cluster behind the same interface.

Jobs are handed out a few at a time, so a long selection never sits in memory; results come in order.
"""

import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from itertools import chain, islice
from multiprocessing import get_context
from time import perf_counter
from typing import Any, Final, Self, TypeVar

from invoicebatch.errors import SettingsError
from invoicebatch.settings import Settings

J = TypeVar("J")
R = TypeVar("R")

_AHEAD = 3
"""Jobs in flight per process."""


SECONDS_ALONE: Final = 1.0
"""About what it takes to start workers."""


class Pool:
    """A lazily started pool; `close` it, or use it as a context."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings.executor
        self._executor: Executor | None = None
        self._client: Any = None

    @property
    def processes(self) -> int:
        """Number of workers."""
        return self._settings.processes or _cores()

    def map(self, function: Callable[[J], R], jobs: Iterable[J]) -> Iterator[R]:
        """Apply a module-level function to each job, results in order.

        The first jobs run right here: workers are started for what lasts longer than starting them.
        """
        iterator = iter(jobs)
        first = list(islice(iterator, 2))
        rest = chain(first, iterator)
        if len(first) > 1 and self._settings.dask:
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
        waiting: deque[Future[R]] = deque()
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
        if isinstance(self._executor, ProcessPoolExecutor):
            for process in list((self._executor._processes or {}).values()):  # noqa: SLF001 - until Python 3.14
                process.terminate()
            self._executor.shutdown(wait=True, cancel_futures=True)
            self._executor = None

    def _start(self) -> Executor:
        if self._executor is None:
            self._executor = self._dask() if self._settings.dask else self._local()
        return self._executor

    def _local(self) -> Executor:
        return ProcessPoolExecutor(self.processes, mp_context=get_context("spawn"))

    def _dask(self) -> Executor:
        try:
            from distributed import Client
        except ImportError as error:
            raise SettingsError(
                "executor.dask is set, but Dask is not installed.", "pip install 'invoicebatch[dask]'"
            ) from error
        self._client = Client(self._settings.dask)
        executor: Executor = self._client.get_executor(pure=False)
        return executor

    def close(self) -> None:
        """Stop the workers."""
        if self._executor is not None:
            self._executor.shutdown(wait=True)  # `_spread` has cancelled what was waiting
            self._executor = None
        if self._client is not None:
            self._client.close()
            self._client = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, failure: object, *_: object) -> None:
        if failure is not None:
            self._stop()
        self.close()


def _cores() -> int:
    import os

    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


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
