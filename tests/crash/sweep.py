"""Something befalls an action at each point it passes, then a person goes on; run as a script.

The script's own process never opens the database, so it may fork: a child costs milliseconds, not the
second that imports take.
"""

import importlib
import json
import os
import pkgutil
import re
import shutil
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import invoicebatch
from invoicebatch.errors import InvoicebatchError, NothingEligibleError
from invoicebatch.files.publish import sha256_of
from invoicebatch.interfaces.api import Workspace, open_workspace
from invoicebatch.model.schema import TABLES
from tests.crash.faults import arm, write_short
from tests.crash.invariants import breaches, unclaimed
from tests.crash.scenarios import SCENARIOS, Scenario
from tests.crash.work import child, wait

NOW = "2026-11-26T10:00:00"
EARLIER = "2026-11-25T09:00:00"
NAMED, INTERRUPTED = 70, 130
EXPECTED: dict[str, tuple[int, ...]] = {
    "kill": (-9,),
    "SIGTERM": (-15,),
    "SIGINT": (0, INTERRUPTED),
    "disk full": (0, NAMED),
    "disk broken": (0, NAMED),
    "clock back": (-9,),
    "short writes": (0,),
}
"""How a process may end to which something happened: by the signal, or with an error in words."""
SAME = {"store.uncommitted": ".uncommitted", "store.committed": ".committed"}
FOLDERS = ("data/mail", "data/post", "data/einvoice", "ledger", "data/documents", "data/runs", "out")
MENDED = ("claims", "messages")
"""What the audit may say of an interrupted run."""
IDS = re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b[0-9a-f]{8}\b|IB[A-Z][0-9A-F]{32}")
AGAIN = re.compile(r"attempt \d+|\"answer\": \"[^\"]*\"")
VOLATILE = ("batch", "plan_sha256", "version")
DECIDED = ("runs", "run_rows", "events", "invoice_changes")
"""Tables in which a person's decision about a doubt shows."""
OF_DECISIONS = re.compile(" events? for ")
"""What the checks name of one who decided: a record has no events, a message some more."""
ATTEMPTS = ("runs", "run_rows", "imports")
"""Tables in which it shows how often something was done."""
FRESH_IDS = ("invoice_id", "external_id", "credited_by", "credit_of", "changes")
VOLATILE_OF = {
    "outbox": ("attempts", "answer", "reference"),
    "artefacts": ("sha256",),
}
"""Columns that tell one run from the same done again, or a hand-over that was repeated."""


class World:
    """What children are forked with."""

    mutate: Callable[[], None] = staticmethod(lambda: None)
    """Changes the program in the child."""
    resends: bool = True
    """Whether a person sends again what failed or is in doubt."""
    outside: Callable[[], list[str]] = staticmethod(list)
    """What is wrong in the world outside."""


def act(root: str, name: str, at: int, how: str, trace: str, doors: bool) -> None:
    """Do what a scenario is about; something befalls it at the n-th point."""
    World.mutate()
    workspace = open_workspace(root)
    if how == "short writes":
        write_short(root)
    else:
        arm(at, "kill" if how == "clock back" else how, trace, root=root if doors else "")
    try:
        SCENARIOS[name].act(workspace)
    except InvoicebatchError:
        os._exit(NAMED)
    except KeyboardInterrupt:
        os._exit(INTERRUPTED)


def resume(root: str, at: int, how: str, out: str) -> None:
    """Look whether anything is wrong that resuming won't mend; resume, and something befalls that."""
    World.mutate()
    workspace = open_workspace(root)
    audit = workspace.doctor()
    told = [str(row) for row in audit.to_dict("records") if row["check"] not in MENDED]
    Path(out).write_text(json.dumps([*told, *unclaimed(workspace)]), encoding="utf-8")
    arm(at, how)
    workspace.runs.resume()


def finish(root: str, name: str, runs: int, out: str, wanted: Any) -> None:
    """What a person does after a crash: resume; do again what is not there; send again what failed or is in doubt."""
    World.mutate()
    workspace = open_workspace(root)
    scenario = SCENARIOS[name]
    _resume_all(workspace)
    if scenario.repeatable or len(workspace.runs.list()) == runs:
        with suppress(NothingEligibleError):
            scenario.act(workspace)
        _resume_all(workspace)
    box = workspace.outbox.list()
    doubts = box[box["state"].isin(["in_doubt", "failed"])]
    if len(doubts) and World.resends:
        workspace.outbox.resend(doubts["message_id"].tolist())
    decided = DECIDED if len(doubts) else ATTEMPTS if scenario.repeatable else ()
    found = {"breaches": [], "decided": decided, "state": state(workspace, fresh_ids=scenario.fresh_ids)}
    if found["state"] != wanted:  # what is the same is as sound
        found["breaches"] = breaches(workspace)
    Path(out).write_text(json.dumps(found), encoding="utf-8")


def _resume_all(workspace: Workspace) -> None:
    for _ in range(5):
        if not workspace.runs.resume():
            return
    raise RuntimeError("runs are left over")


def state(workspace: Workspace, *, fresh_ids: bool) -> dict[str, list[str]]:
    """All that is stored, a text a row, and every file that was made, by table and folder; ids are masked."""
    found = {}
    with workspace.store.read() as session:
        for name, table in TABLES.items():
            if name == "event_chain":  # the audit looks at it
                continue
            left_out = {*VOLATILE, *VOLATILE_OF.get(name, ()), *(FRESH_IDS if fresh_ids else ())}
            kept = [c.name for c in table.columns if c.name not in left_out]
            columns = ", ".join(f'"{name}"' for name in kept)
            rows = session._con.execute(f"SELECT {columns} FROM {name}").fetchall()
            found[name] = sorted(_masked(str(row)) for row in rows)
    for folder in FOLDERS:
        files = sorted(file for file in (workspace.root / folder).rglob("*") if file.is_file())
        files = [file for file in files if file.suffix != ".part" and not file.name.startswith(".")]
        found[folder] = sorted(_masked(str(file.relative_to(workspace.root))) for file in files)
    documents = sorted((workspace.data / "documents").rglob("*.pdf"))
    return found | {"hashes": [sha256_of(file) for file in documents]}


def _masked(text: str) -> str:
    return AGAIN.sub("", IDS.sub("#", text))


class Sweep:
    """One scenario: its workspace, an undisturbed run of it, and the points that passed."""

    def __init__(self, name: str, folder: Path, *, doors: bool) -> None:
        self.name, self.folder, self.doors = name, folder, doors
        self.scenario: Scenario = SCENARIOS[name]
        folder.mkdir(parents=True, exist_ok=True)
        self.place, self.template = folder / "ws", folder / "kept"
        _must(wait(child(self._begin)) == 0, f"begin of {name}")
        self.place.rename(self.template)
        self.runs = int((folder / "runs").read_text())
        trace = folder / "trace"
        root = self.copied()
        _must(wait(child(act, root, name, 0, "kill", str(trace), doors)) == 0, name)
        self.points = trace.read_text(encoding="utf-8").splitlines() if trace.exists() else []
        self.reference = self._finished(root, None)
        _must(bool(self.reference["state"]), f"{name} undisturbed")

    def _begin(self) -> None:
        os.environ["INVOICEBATCH_USER"] = "first"
        self.scenario.begin(self.place)
        count = len(open_workspace(self.place).runs.list())
        (self.folder / "runs").write_text(str(count))

    def copied(self) -> str:
        """The workspace where it was made, so that nothing tells one copy from another."""
        os.environ["INVOICEBATCH_USER"] = self.scenario.user
        shutil.rmtree(self.place, ignore_errors=True)
        shutil.copytree(self.template, self.place)
        return str(self.place)

    def _finished(self, root: str, wanted: Any) -> dict[str, Any]:
        out = self.folder / "out.json"
        out.unlink(missing_ok=True)
        code = wait(child(finish, root, self.name, self.runs, str(out), wanted))
        return (
            json.loads(out.read_text())
            if code == 0
            else {"breaches": [f"finishing ended with {code}"], "decided": [], "state": {}}
        )

    def distinct(self) -> list[int]:
        """The points, from 1, but for those of the doors where an own point marks the same moment."""
        pairs = zip(self.points, ["", *self.points], [*self.points[1:], ""], strict=False)
        return [
            at
            for at, (name, before, after) in enumerate(pairs, 1)
            if not any(near.endswith(SAME.get(name, "?")) and near != name for near in (before, after))
        ]

    def befall(self, at: int, how: str, again: str = "kill", *, moved: str = "") -> dict[str, Any]:
        """Let it happen at a point, let the resume be killed too, then finish and compare.

        Args:
            at: the point, from 1; 0: nothing happens.
            how: what, see `faults.SPRINGS`.
            again: the same of the resume.
            moved: the workspace gets this name before anybody goes on.
        """
        root = self.copied()
        died = wait(child(act, root, self.name, at, how, "", self.doors))
        os.environ["INVOICEBATCH_NOW"] = EARLIER if how == "clock back" else NOW
        if moved:
            shutil.rmtree(self.place.with_name(moved), ignore_errors=True)
            root = str(self.place.rename(self.place.with_name(moved)))
        return self.judged(root, at, how, died, again)

    def judged(self, root: str, at: int, how: str, died: int, again: str = "kill") -> dict[str, Any]:
        """What is found once a person went on; the resume may be killed once, see `befall`."""
        looked = self.folder / "looked.json"
        wait(child(resume, root, 1 + at % 5, again, str(looked)))
        found = self._finished(root, self.reference["state"])
        differs = {
            table: sorted(set(rows) ^ set(found["state"].get(table, ())))[:4]
            for table, rows in self.reference["state"].items()
            if rows != found["state"].get(table) and table not in found["decided"]
        }
        decided = "events" in found["decided"]
        told = [*json.loads(looked.read_text()), *found["breaches"], *World.outside()]
        os.environ["INVOICEBATCH_NOW"] = NOW
        new = [
            one
            for one in told
            if one not in self.reference["breaches"] and not (decided and OF_DECISIONS.search(one))
        ]
        return {"action": self.name, "point": self.points[at - 1] if at else "", "at": at, "how": how, "died": died,
                "breaches": new, "differs": {} if how == "clock back" else differs}  # fmt: skip


def sweep(
    folder: Path, names: Sequence[str], how: str, *, doors: bool, chosen: Callable[[Sweep], Sequence[int]]
) -> list[Any]:
    """Sweep scenarios; returns what became of each point, and the points that each passes."""
    results = []
    for place, name in enumerate(names):
        here = folder / f"{place:02d}"
        here.mkdir(parents=True)
        one = Sweep(name, here, doors=doors)
        told = []
        for at in chosen(one):
            told.append(one.befall(at, how))
            if told[-1]["breaches"] or told[-1]["differs"] or told[-1]["died"] not in EXPECTED[how]:
                print(json.dumps(told[-1]), file=sys.stderr, flush=True)
        results.append(
            {"action": name, "points": one.points, "known": one.reference["breaches"], "told": told}
        )
        print(f"{name}: {len(one.points)} points, {len(told)} times {how}", file=sys.stderr, flush=True)
        shutil.rmtree(here)
    return results


def _must(condition: bool, what: str) -> None:
    if not condition:
        raise RuntimeError(what)


def prepare() -> None:
    """A moment that stands still, and every module loaded now, not in each child."""
    os.environ["INVOICEBATCH_NOW"] = NOW
    for module in pkgutil.walk_packages(invoicebatch.__path__, "invoicebatch."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)


def main(folder: str, names: str, how: str, doors: str, which: str) -> None:
    """Prints JSON.

    Args:
        folder: for the workspaces.
        names: of scenarios, by semicolons; empty: all.
        how: see `faults.SPRINGS`.
        doors: `doors`: each write and commit is a point; `own`: only the engine's own points are.
        which: `each` point, or a number: every n-th, 0: none.
    """
    prepare()
    every = 1 if which == "each" else int(which)

    def chosen(one: Sweep) -> Sequence[int]:
        if how == "short writes":  # all along, at no point of its own
            return (0,)
        return one.distinct()[every // 2 :: every] if every else ()

    wanted = [name for name in names.split(";") if name] or list(SCENARIOS)
    print(json.dumps(sweep(Path(folder), wanted, how, doors=doors == "doors", chosen=chosen)))


if __name__ == "__main__":
    main(*sys.argv[1:])
