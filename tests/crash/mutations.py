"""The promises broken on purpose, one at a time: each must be seen. Run as a script.

A mutation changes the program in the processes that the sweep forks; nothing in the product switches it on.
"""

import json
import os
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from invoicebatch.delivery.channel import Answer
from invoicebatch.engine.base import clock
from invoicebatch.engine.base.faultpoints import reach
from invoicebatch.engine.handover import deliver
from invoicebatch.engine.imports import import_files
from invoicebatch.engine.run import claim, execute, runs, staging
from invoicebatch.files import publish, stored
from invoicebatch.files.handover import HandoverLog
from invoicebatch.interfaces.api import Workspace
from invoicebatch.model.status import OutboxStatus
from tests.crash import scenarios, sweep
from tests.crash.scenarios import SCENARIOS, Scenario
from tests.delivery.mail.mailserver import Script, mail_server


def _retry_of_what_is_in_doubt() -> None:
    deliver._recovered = lambda *_: Answer(OutboxStatus.PENDING, "again", retry_after=0.0)


def _no_intent_in_the_journal() -> None:
    original = deliver._Delivery._mark

    def mark(self: Any, ids: Any, status: OutboxStatus) -> None:
        if status is not OutboxStatus.HANDING_OVER:
            original(self, ids, status)

    deliver._Delivery._mark = mark


def _no_intent_in_the_log() -> None:
    HandoverLog.started = lambda *_: None


def _rename_over_what_is_there() -> None:
    def replacing(source: Path, target: Path) -> bool:
        source.replace(target)
        return True

    publish.link_if_free = replacing


def _number_in_a_transaction_of_its_own() -> None:
    def reserve(self: Any, context: Any, batch: Any, rows: Any) -> Any:
        changes = self.action.reserve(batch, self._params, context)
        reach("reserve.before")
        with self._store.write() as session:
            given = session.allocate(changes.numbers, self._run_id)
        reach("reserve.uncommitted")
        numbered = given[given["reason"] == ""][["invoice_id", "number"]]
        versions = batch.invoices[["invoice_id", "version"]]
        keep = numbered["invoice_id"].to_numpy()
        with self._store.write() as session:
            session.update("invoices", numbered.merge(versions, on="invoice_id"), clock.now())
            session.apply(execute._versioned(changes, batch.invoices), self.action.name, context.now)
            session.settle_as(self._run_id, keep, execute.RowOutcome.RESERVED)
            reserved = self._load(session, context, keep, rows)
        reach("reserve.committed")
        return reserved

    execute.Run._reserve = reserve


def _claims_released_early() -> None:
    original = claim.claim

    def claiming(session: Any, workspace: Any, plan: Any, *more: Any) -> None:
        original(session, workspace, plan, *more)
        session.delete("claims", session.holders(plan.rows["invoice_id"])[["invoice_id"]], clock.now())

    runs.claim = claiming


def _not_judged_again_at_the_claim() -> None:
    claim._judge_again = lambda session, workspace, plan, rows: [""] * len(rows)


def _absolute_paths() -> None:
    for module in (import_files, staging, claim, stored):
        module.stored_path = lambda data, path: str(path)


@dataclass(frozen=True)
class Mutation:
    """What is broken, and how it is to be seen.

    Attributes:
        mutate: breaks it.
        scenario: what is done.
        point: where it dies; empty: nowhere.
        seen: words of what must be found.
        moved: the workspace is moved before anybody goes on.
    """

    mutate: Callable[[], None]
    scenario: str
    point: str
    seen: str
    moved: str = ""


TWICE = "was mailed twice"
MUTATIONS: dict[str, Mutation] = {
    "retry of what is in doubt": Mutation(_retry_of_what_is_in_doubt, "mails by a server", "deliver.answered", TWICE),
    "no intent in the journal": Mutation(_no_intent_in_the_journal, "mails by a server", "deliver.answered", TWICE),
    "no intent in the log": Mutation(_no_intent_in_the_log, "mails by a server", "deliver.answered", TWICE),
    "rename over what is there": Mutation(
        _rename_over_what_is_there, "two exports to one folder", "", "does not match its hash"
    ),
    "number in a transaction of its own": Mutation(
        _number_in_a_transaction_of_its_own, "create", "reserve.uncommitted", "got two numbers"
    ),
    "claims released early": Mutation(_claims_released_early, "approve", "commit.before", "which does not hold it"),
    "not judged again at the claim": Mutation(
        _not_judged_again_at_the_claim, "a case is opened after the plan", "", "state differs: run_rows"
    ),
    "absolute paths": Mutation(
        _absolute_paths, "download.document", "prepare.synced", "state differs: data/runs", moved="moved"
    ),
}  # fmt: skip


def _two_exports(workspace: Workspace) -> None:
    for columns in (["number"], ["number", "status"]):
        plan = workspace.select(all=True).plan("export.invoices", format="csv", columns=columns, folder=workspace.data / "one")  # fmt: skip
        plan.apply()


def _opened_meanwhile(workspace: Workspace) -> None:
    plans = [workspace.select(ids=ids).plan("assign.collection_case") for ids in ([1, 2], [1, 3])]
    for plan in plans:
        plan.apply()


def _by_server(root: Path) -> None:
    scenarios._ready(root)
    (root / "invoicebatch.toml").write_text(
        scenarios.SETTINGS
        + '[mail]\ntransport = "smtp"\nhost = "127.0.0.1"\nsecurity = "none"\nwait_seconds = 0.05\n'
        f"port = {os.environ['MAIL_PORT']}\n"
    )


FURTHER = {
    "mails by a server": Scenario(_by_server, scenarios._do("send_via.email")),
    "two exports to one folder": Scenario(scenarios._created, _two_exports),
    "a case is opened after the plan": Scenario(scenarios._owing, _opened_meanwhile),
}


def tried(folder: Path, mutation: Mutation, script: Script) -> dict[str, list[str]]:
    """What is found in the program as it is, and in the broken one."""
    one = sweep.Sweep(mutation.scenario, folder, doors=False)
    found = {}
    for way, mutate in (("sound", lambda: None), ("broken", mutation.mutate)):
        script.inbox.clear()
        sweep.World.mutate = staticmethod(mutate)
        at = one.points.index(mutation.point) + 1 if mutation.point else 0
        told = one.befall(at, "kill", moved=mutation.moved)
        found[way] = [*told["breaches"], *(f"state differs: {table}" for table in told["differs"])]
        sweep.World.mutate = staticmethod(lambda: None)
    return found


def main(folder: str, *names: str) -> None:
    """Prints JSON: what was found, by mutation."""
    SCENARIOS.update(FURTHER)  # here: what imports this sweeps the others
    sweep.prepare()
    sweep.World.resends = False
    script = Script()

    def outside() -> list[str]:
        counted = Counter(script.recipients())
        return [f"{to} {TWICE}" for to, count in counted.items() if count > 1]

    sweep.World.outside = staticmethod(outside)
    with mail_server(script) as port:
        os.environ["MAIL_PORT"] = str(port)
        found = {
            name: tried(Path(folder) / str(at), MUTATIONS[name], script) for at, name in enumerate(names)
        }
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
