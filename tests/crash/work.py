"""Processes that work on one workspace at once and are killed at any moment; run as a script.

The script's own process never opens the database, so it may fork: a child costs milliseconds, not the
second that imports take.
"""

import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from pathlib import Path
from threading import Event
from typing import Any

import pandas as pd

from invoicebatch.actions import registry
from invoicebatch.engine.background.worker import Worker
from invoicebatch.errors import BusyError, NothingEligibleError, SelectionError, StaleError
from invoicebatch.interfaces.api import open_workspace
from invoicebatch.model.status import CLOSED_RUNS

DAY = {"invoice_date": date(2026, 11, 22)}
ACTIONS: dict[str, dict[str, Any]] = {
    "approve": DAY,
    "create": {},
    "regenerate": {},
    "download.document": {},
    "mark_as.exported": {},
    "mark_as.not_exported": {},
    "mark_as.shipped": {},
    "export.invoices": {},
    "delete": {},
}


def child(function: Callable[..., None], *arguments: Any) -> int:
    """Run a function in a forked process; returns its id."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        function(*arguments)
        code = 0
    except BaseException as error:  # noqa: BLE001 - the last word of a process that must not return
        print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
    os._exit(code)


def wait(pid: int) -> int:
    """Exit code of a child; negative: the signal that killed it."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def worker(root: str, seed: int, tally: str) -> None:
    """Run random actions on random rows until killed; a byte a run in the tally."""
    rng = random.Random(seed)
    workspace = open_workspace(root)
    actions = [name for name in ACTIONS if name in registry()]
    background = Worker(workspace.base, lambda _: None)
    with workspace.store.read() as session:
        ids = session.whole("invoices")["invoice_id"].tolist()
    while True:
        chosen = rng.sample(ids, rng.randint(1, max(2, len(ids) // 4)))
        action = rng.choice(actions)
        with suppress(NothingEligibleError, BusyError, StaleError, SelectionError):  # all may be deleted
            if (chance := rng.random()) < 0.25:
                workspace.runs.resume() if chance < 0.15 else background.run(Event(), once=True)
                continue
            selection = workspace.select(frame=pd.DataFrame({"invoice_id": chosen}))
            plan = selection.plan(action, **ACTIONS[action])
            workspace.runs.apply(plan, background=rng.random() < 0.2)
            with Path(tally).open("ab") as counted:
                counted.write(b".")


def finish(root: str) -> None:
    """Resume, and let the worker do what is queued, until nothing is left."""
    workspace = open_workspace(root)
    background = Worker(workspace.base, lambda _: None)
    for _ in range(50):
        workspace.runs.resume()
        background.run(Event(), once=True)
        if set(workspace.runs.list()["status"]) <= {status.value for status in CLOSED_RUNS}:
            return
    raise RuntimeError("runs are left over")


def swarm(root: str, workers: int, runs: int, seed: int) -> dict[str, int]:
    """Workers side by side, killed and replaced at random, until so many runs are done; then all is resumed."""
    rng, tally, kills, done, idle = random.Random(seed), Path(f"{root}.tally"), 0, 0, 0
    tally.touch()
    alive = [child(worker, root, rng.randrange(1 << 30), str(tally)) for _ in range(workers)]
    while done < runs or kills < workers:
        time.sleep(rng.uniform(0.1, 1.2) * (1 + idle))  # longer where nobody got anything done
        idle = idle + 1 if tally.stat().st_size == done else 0
        done = tally.stat().st_size
        place = rng.randrange(workers)
        os.kill(alive[place], signal.SIGKILL)
        code = wait(alive[place])
        if code != -signal.SIGKILL:
            raise RuntimeError(f"a worker ended by itself: {code}")
        kills += 1
        alive[place] = child(worker, root, rng.randrange(1 << 30), str(tally))
    for pid in alive:
        os.kill(pid, signal.SIGKILL)
        wait(pid)
    return {"kills": kills, "resumed": wait(child(finish, root))}


def main(root: str, workers: str, runs: str, seed: str) -> None:
    """Prints JSON: kills, and how the last resume ended."""
    list(registry().values())  # imports every action now, not in each child
    print(json.dumps(swarm(root, int(workers), int(runs), int(seed))))


if __name__ == "__main__":
    main(*sys.argv[1:])
