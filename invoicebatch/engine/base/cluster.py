"""A Dask cluster to work on: looked over before anything is reserved, and never waited for without end.

Jobs travel pickled. The workspace's templates and rules go along as bytes, sent once; a stored document is read
from the data folder, which every worker must then see at the same path.
"""

import io
import logging
import pickle
import re
import sysconfig
import threading
import warnings
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from importlib import metadata
from pathlib import Path
from time import monotonic
from typing import Any, Final, Generic, TypeVar

from invoicebatch.errors import ClusterError, SettingsError
from invoicebatch.files.tree import Tree, laid_out, read_tree
from invoicebatch.settings import Executor, Settings

J = TypeVar("J")
R = TypeVar("R")

CONNECT_SECONDS: Final = 10.0
"""How long a scheduler, its first worker, and what each worker says of itself are waited for."""

ALONE_SECONDS: Final = 60.0
"""How long a cluster that does not answer, or has no worker, is waited for while jobs are out."""

MOST_HANDOVERS: Final = 3
"""How often a job is handed over that the scheduler forgets."""

_LOOK_SECONDS: Final = 2.0
"""How often it is looked whether anybody is still at work."""

_PACKAGES: Final = Path(sysconfig.get_paths()["purelib"])
_EXTRAS: Final = frozenset({"cjk", "dask", "einvoice"})
"""Extras that decide what a document shows, or whether it is found valid."""
_SAME: Final = (
    "Install the same everywhere, the extras too: pip install -c constraints.txt 'invoicebatch[dask,…]'"
)
_AGAIN: Final = "What is committed stands. Mend the cluster, then finish with: invoicebatch resume"


class Cluster:
    """A connection to a scheduler, or to workers of this machine (`local:4`); `close` it."""

    def __init__(self, settings: Settings, root: Path, data: Path) -> None:
        """Connect and look the workers over.

        Args:
            settings: address of the scheduler, the files of TLS, and what templates and schematrons there are.
            root: the workspace, resolved; what jobs read of it goes along.
            data: the folder of its state.

        Raises:
            SettingsError: no scheduler answers, it has no workers, or they would not do the same as this machine.
        """
        self._root, self._data, self._address = root, data, settings.executor.dask
        self._rules = _rules(settings, root)
        read_tree(
            root, {*self._rules, root / (settings.documents.template or "rules")}
        )  # too large: said now
        self._sent: dict[frozenset[Path], Any] = {}
        self._shared = False
        self._local, self._client = _connected(settings.executor, root)
        try:
            self._await_workers()
            self._compare_versions()
            self.width: int = sum(self._client.nthreads().values())
        except BaseException:
            self.close()
            raise

    def submit(self, function: Callable[[J], R], job: J) -> "Waiting[R]":
        """Hand over a job for a module-level function.

        Raises:
            SettingsError: it reads a stored document that the workers don't see.
            ClusterError: the cluster takes nothing any more.
        """
        packer = _Packer(self._root, self._data)
        packer.dump((function, job))
        if packer.stored is not None:
            self._check_shared(packer.stored)
        packed, wanted = packer.packed.getvalue(), frozenset(packer.wanted)

        def hand_over() -> Any:
            return self._client.submit(_run, packed, self._tree(wanted) if wanted else None, pure=False)

        def again() -> Any:
            self._sent.pop(wanted, None)  # it may have gone with the worker that had it
            return hand_over()

        return Waiting(self._client, hand_over(), again)

    def _tree(self, wanted: frozenset[Path]) -> Any:
        """What jobs read of the workspace, sent once; the workspace itself stands for its rules."""
        if wanted not in self._sent:
            paths = {path for one in wanted for path in (self._rules if one == self._root else [one])}
            send = partial(self._client.scatter, read_tree(self._root, paths), hash=True, broadcast=True)
            try:
                self._sent[wanted] = _bounded(send, ALONE_SECONDS)
            except TimeoutError as error:
                raise ClusterError("The Dask cluster does not answer.", _AGAIN) from error
        return self._sent[wanted]

    def close(self) -> None:
        """Let go of the cluster; what waits there is dropped."""
        for each in (self._client, self._local):
            with suppress(TimeoutError):  # it ends with this process at the latest
                if each is not None:
                    each.close(timeout=CONNECT_SECONDS)

    def _await_workers(self) -> None:
        try:
            _bounded(partial(self._client.wait_for_workers, 1, timeout=CONNECT_SECONDS), CONNECT_SECONDS)
        except TimeoutError as error:
            raise SettingsError(
                f"The Dask scheduler at {self._address} has no workers.",
                f"Start some: dask worker {self._address} --nworkers auto --nthreads 1",
            ) from error

    def _compare_versions(self) -> None:
        """Documents must not depend on who makes them: templates, fonts and typst are packages too."""
        ask = _asking(_needed())
        here = ask()
        for worker, there in self._on_each(ask).items():
            odd = [
                f"{name} {there.get(name, 'is missing')}, here {here.get(name, 'it is missing')}"
                for name in {**here, **there}
                if there.get(name) != here.get(name)
            ]
            if odd:
                raise SettingsError(f"Dask worker {worker} is another machine: {'; '.join(odd[:5])}", _SAME)

    def _check_shared(self, path: Path) -> None:
        """Every worker must see the stored documents."""
        if self._shared:
            return
        if blind := [worker for worker, sees in self._on_each(path.is_file).items() if not sees]:
            raise SettingsError(
                f"Dask worker {blind[0]} does not see {path}.",
                f"Mount {self._data} at the same path on every worker, or empty executor.dask for this run.",
            )
        self._shared = True

    def _on_each(self, ask: Callable[[], Any]) -> Mapping[str, Any]:
        """What a function answers on every worker; none of ours by name, for a worker may lack invoicebatch."""
        try:
            found: Mapping[str, Any] = _bounded(
                partial(self._client.run, ask, on_error="return"), CONNECT_SECONDS
            )
        except TimeoutError as error:
            raise SettingsError(
                f"A worker of the Dask cluster at {self._address} does not answer.",
                "Look at its log, and end it; or empty executor.dask to work on this machine alone.",
            ) from error
        for worker, answer in found.items():
            if isinstance(answer, BaseException):
                raise SettingsError(f"Dask worker {worker} can't answer: {answer}", _SAME) from answer
        return found


class Waiting(Generic[R]):
    """A job that was handed over; one that the scheduler forgot with a lost worker is handed over again."""

    def __init__(self, client: Any, future: Any, again: Callable[[], Any]) -> None:
        self._client, self._future, self._again = client, future, again
        self._handed_over = 1
        self._alone_since: float | None = None

    def result(self) -> R:
        """What the job gave, or the error it raised.

        Raises:
            ClusterError: the scheduler is gone, all workers are, or the job ended several of them.
        """
        from distributed import KilledWorker
        from distributed.client import FutureCancelledError

        while True:
            try:
                found: R = self._future.result(timeout=_LOOK_SECONDS)
            except TimeoutError:
                if self._future.status == "error":
                    raise
                if self._future.status == "lost":
                    raise ClusterError("The Dask cluster lost a job's files with a worker.", _AGAIN) from None
                self._check_alive()
            except KilledWorker as error:
                raise ClusterError(
                    f"One job ended {error.allowed_failures + 1} Dask workers in turn: have they too little memory?",
                    _AGAIN,
                ) from error
            except FutureCancelledError as error:
                self._hand_over_again(error)
            except OSError as error:
                if self._future.status == "error":
                    raise
                raise ClusterError("The Dask scheduler is gone.", _AGAIN) from error
            else:
                return found

    def _hand_over_again(self, forgotten: Exception) -> None:
        self._check_alive()
        if self._handed_over == MOST_HANDOVERS:
            raise ClusterError("The Dask cluster forgot a job again and again.", _AGAIN) from forgotten
        self._future, self._handed_over = self._again(), self._handed_over + 1

    def cancel(self) -> bool:
        """It is no longer wanted; a worker that is at it goes on for itself."""
        self._future.release()
        return True

    def _check_alive(self) -> None:
        if self._client.status != "running":
            raise ClusterError("The Dask scheduler is gone.", _AGAIN)
        try:
            alone = not _bounded(self._client.nthreads, ALONE_SECONDS)
        except TimeoutError as error:
            raise ClusterError("The Dask cluster does not answer.", _AGAIN) from error
        except OSError as error:
            raise ClusterError("The Dask scheduler is gone.", _AGAIN) from error
        if not alone:
            self._alone_since = None
            return
        self._alone_since = self._alone_since or monotonic()
        if monotonic() - self._alone_since > ALONE_SECONDS:
            raise ClusterError("The Dask cluster has lost all its workers.", _AGAIN)


def _rules(settings: Settings, root: Path) -> list[Path]:
    """What electronic invoices are checked by: the rules' folder, and schematrons that lie in the workspace."""
    named = [*settings.einvoice.schematron, *settings.einvoice.schematrons.values()]
    return [
        root / "rules",
        *(path for one in named if (path := root / Path(one).expanduser()).is_relative_to(root)),
    ]


def _connected(settings: Executor, root: Path) -> tuple[Any, Any]:
    """The cluster, where it is of this machine, and a client."""
    try:
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise SettingsError(
            "executor.dask is set, but Dask is not installed.", "pip install 'invoicebatch[dask]'"
        ) from error
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what goes wrong is said by us
    warnings.filterwarnings("ignore", "Sending large graph")  # documents' rows, some MB a job
    if own := re.fullmatch(r"local:([1-9]\d{0,2})", settings.dask):
        any_port = ":0"
        local = LocalCluster(n_workers=int(own[1]), threads_per_worker=1, dashboard_address=any_port)
        return local, Client(local, set_as_default=False)
    if not re.fullmatch(r"(tcp|tls)://[^/]+:\d+", settings.dask):
        raise SettingsError(
            f"executor.dask = {settings.dask!r} is no address.",
            "It is tcp://HOST:8786, tls://HOST:8786 or local:4.",
        )
    connect = partial(
        Client,
        settings.dask,
        timeout=CONNECT_SECONDS,
        security=_security(settings, root),
        set_as_default=False,
    )
    try:
        return None, _bounded(connect, CONNECT_SECONDS)
    except Exception as error:  # what answers may be no scheduler, and say anything
        raise SettingsError(
            f"No Dask scheduler answers at {settings.dask}: {str(error) or 'it says nothing'}",
            "Start one with: dask scheduler; or empty executor.dask to work on this machine alone.",
        ) from error


def _bounded(ask: Callable[[], R], seconds: float) -> R:
    """What a call of Dask gives: calls wait without end for what is no scheduler, or for a process that stands still.

    Args:
        ask: the call; one that is not waited for any more ends with this process.
        seconds: how long it is waited for; one that bounds itself says more, so it gets a second longer.

    Raises:
        TimeoutError: it gave nothing.
    """
    answer: Future[R] = Future()

    def work() -> None:
        try:
            answer.set_result(ask())
        except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
            answer.set_exception(error)

    threading.Thread(target=work, daemon=True).start()
    return answer.result(seconds + 1)


def _security(settings: Executor, root: Path) -> Any:
    """The certificates of TLS; None where the settings name none."""
    encrypted = settings.dask.startswith("tls:")
    if encrypted != bool(settings.dask_tls):
        raise SettingsError(
            f"{settings.dask} needs certificates."
            if encrypted
            else f"There are certificates, but {settings.dask} is not encrypted.",
            "Set executor.dask_ca, dask_certificate and dask_key, and write tls://HOST:8786; or none of them.",
        )
    if not encrypted:
        return None
    from distributed import Security

    files = {name: root / Path(path).expanduser() for name, path in settings.dask_tls.items()}
    for path in files.values():
        if not path.is_file():
            raise SettingsError(
                f"{path} does not exist.", "Look into executor.dask_ca, dask_certificate and dask_key."
            )
    return Security(require_encryption=True, **{name: str(path) for name, path in files.items()})


class _Packer(pickle.Pickler):
    """Pickles what a worker does, its paths as a worker has them."""

    def __init__(self, root: Path, data: Path) -> None:
        self.packed = io.BytesIO()
        super().__init__(self.packed, pickle.HIGHEST_PROTOCOL)
        self._root, self._data = root, data
        self.wanted: set[Path] = set()
        self.stored: Path | None = None
        """A path into the state, which does not travel."""

    def reducer_override(self, value: object) -> Any:
        """How a path is pickled: one into a package or the workspace leads there wherever it is."""
        if not isinstance(value, Path):
            return NotImplemented
        if value.is_relative_to(_PACKAGES):
            return _in_packages, (value.relative_to(_PACKAGES).as_posix(),)
        if value.is_relative_to(self._data):
            self.stored = value
        elif value.is_relative_to(self._root):
            self.wanted.add(value)
            return _in_workspace, (value.relative_to(self._root).as_posix(),)
        return NotImplemented


def _run(packed: bytes, tree: Tree | None) -> Any:
    """Do a job; runs in a worker."""
    _AT.folder = None if tree is None else laid_out(tree)
    function, job = pickle.loads(packed)  # noqa: S301 - the scheduler's own connections carry code anyway
    return function(job)


_AT: Final = threading.local()
"""Where the workspace's files are laid out for the job at hand."""


def _in_workspace(name: str) -> Path:
    folder: Path = _AT.folder
    return folder / name


def _in_packages(name: str) -> Path:
    return _PACKAGES / name


def _needed() -> list[str]:
    """The packages whose versions a document may depend on: our own, and what it needs itself, with `_EXTRAS`."""
    names = ["invoicebatch"]
    for one in metadata.requires("invoicebatch") or []:
        extra = re.search(r"extra == ['\"](\w+)", one)
        if extra is None or extra[1] in _EXTRAS:
            names.append(re.split(r"[^\w.-]", one)[0])
    return names


def _asking(names: list[str]) -> Callable[[], dict[str, str]]:
    """A function that travels as code and tells the versions of packages, and of Python, where it runs."""

    def ask() -> dict[str, str]:
        import sys
        from contextlib import suppress
        from importlib import metadata

        found = {"Python": ".".join(map(str, sys.version_info[:2]))}
        for name in names:
            with suppress(metadata.PackageNotFoundError):
                found[name] = metadata.version(name)
        return found

    return ask
