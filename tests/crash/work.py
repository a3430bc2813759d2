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
from typing import Any

import pandas as pd

from invoicebatch.actions import registry
from invoicebatch.engine.base import faultpoints
from invoicebatch.errors import BusyError, NothingEligibleError, StaleError
from invoicebatch.interfaces.api import open_workspace
from tests.paying import date_has_come

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

REMOVED, RECALLED = ["F2026-000002"], ["F2026-000001"]


def _write(ws: Any, bundle: str) -> None:
    ws.payments.write(bundle)


def _replace(ws: Any, bundle: str) -> None:
    ws.payments.write(bundle, replace=True)


def _remove(ws: Any, bundle: str) -> None:
    ws.payments.remove(bundle, REMOVED)


def _recall(ws: Any, bundle: str) -> None:
    ws.payments.recall(bundle, RECALLED)


def _release(ws: Any, bundle: str) -> None:
    ws.payments.release(bundle)


def _confirm(ws: Any, bundle: str) -> None:
    date_has_come(ws)
    ws.payments.confirm(bundle)


OF_BUNDLE: dict[str, Callable[[Any, str], None]] = {
    "payments.remove": _remove,
    "payments.release": _release,
    "payments.write": _write,
    "payments.release-again": _release,
    "payments.write-replace": _replace,
    "payments.recall": _recall,
    "payments.confirm": _confirm,
}
"""What is done with the one bundle of a workspace, in this order; the second release is of another message."""


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
    with workspace.store.read() as session:
        ids = session.whole("invoices")["invoice_id"].tolist()
    while True:
        chosen = rng.sample(ids, rng.randint(1, max(2, len(ids) // 4)))
        action = rng.choice(actions)
        with suppress(NothingEligibleError, BusyError, StaleError):
            if rng.random() < 0.15:
                workspace.runs.resume()
                continue
            selection = workspace.select(frame=pd.DataFrame({"invoice_id": chosen}))
            selection.plan(action, **ACTIONS[action]).apply()
            with Path(tally).open("ab") as counted:
                counted.write(b".")


def finish(root: str) -> None:
    """Resume until nothing is left."""
    workspace = open_workspace(root)
    for _ in range(50):
        if not workspace.runs.resume():
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


def act(root: str, action: str, crash_at: int, trace: str = "") -> None:
    """Run one action on all rows and die at the n-th fault point (0: never)."""
    faultpoints._crash_at, faultpoints._trace, faultpoints._armed, faultpoints._passed = (
        crash_at,
        trace,
        True,
        0,
    )
    if action in OF_BUNDLE:
        os.environ["INVOICEBATCH_USER"] = "second"  # who bundled can't release
        workspace = open_workspace(root)
        OF_BUNDLE[action](workspace, workspace.payments.list()["bundle_id"].iloc[0])
    else:
        open_workspace(root).select(all=True).plan(action, **ACTIONS[action]).apply()


def resume_and_die(root: str, crash_at: int) -> None:
    """Resume and die at the n-th fault point (0: never)."""
    faultpoints._crash_at, faultpoints._armed, faultpoints._passed = crash_at, True, 0
    open_workspace(root).runs.resume()


def sweep(
    template: str, folder: str, actions: list[str], swept: list[str], every: int
) -> list[dict[str, Any]]:
    """Kill each action at each (or every n-th) fault point, kill the resume too, then finish.

    Args:
        template: a workspace in which the actions can run one after another.
        folder: where copies of it are made: `<action>-<point>`.
        actions: run in this order; before a swept one the earlier ones run undisturbed.
        swept: those to kill.
        every: 1 for every point.
    """
    from tests.copies import copy_workspace

    results = []
    for place, action in enumerate(actions):
        if action not in swept:
            continue
        prepared = f"{folder}/{action}"
        copy_workspace(template, prepared)
        for earlier in actions[:place]:
            _must(wait(child(act, prepared, earlier, 0)) == 0, f"{earlier} before {action}")
        trace = f"{folder}/{action}.trace"
        reference = f"{folder}/{action}-0"
        copy_workspace(prepared, reference)
        _must(wait(child(act, reference, action, 0, trace)) == 0, action)
        points = Path(trace).read_text(encoding="utf-8").splitlines()
        for number in range(1, len(points) + 1, every):
            root = f"{folder}/{action}-{number}"
            copy_workspace(prepared, root)
            died = wait(child(act, root, action, number))
            again = wait(child(resume_and_die, root, 1 + number % 5))
            resumed = wait(child(finish, root))
            results.append(
                {"root": root, "reference": reference, "action": action, "point": points[number - 1],
                 "died": died, "again": again, "resumed": resumed}
            )  # fmt: skip
    return results


def _must(condition: bool, what: str) -> None:
    if not condition:
        raise RuntimeError(what)


def main(mode: str, *arguments: str) -> None:
    """`swarm ROOT WORKERS RUNS SEED` or `sweep TEMPLATE FOLDER ACTIONS SWEPT EVERY`; prints JSON."""
    list(registry().values())  # imports every action now, not in each child
    if mode == "swarm":
        root, workers, runs, seed = arguments
        print(json.dumps(swarm(root, int(workers), int(runs), int(seed))))
    else:
        template, folder, actions, swept, every = arguments
        print(json.dumps(sweep(template, folder, actions.split(","), swept.split(","), int(every))))


if __name__ == "__main__":
    main(*sys.argv[1:])
