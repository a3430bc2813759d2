"""What must hold in a workspace after any history of runs, crashes and resumes."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from invoicebatch.actions import registry
from invoicebatch.interfaces.api import Workspace
from invoicebatch.model.status import DELETABLE

DONE_ONCE = ("approve", "create", "mark_as.shipped", "delete")
"""Actions that can be done to a row once at most."""


def breaches(workspace: Workspace) -> list[str]:
    """Every broken promise, in words."""
    with workspace.store.read() as session:
        tables = {
            name: session.whole(name)
            for name in ("invoices", "runs", "run_rows", "claims", "artefacts", "issued_numbers", "events")
        }
    audit = workspace.doctor()
    checks = (_runs(tables), _rows(tables), _numbers(tables), _files(workspace, tables), _versions(tables))
    staged = (f"{path} is left" for path in (workspace.data / "staging").rglob("*") if path.is_file())
    return [*map(str, audit.to_dict("records")), *(breach for check in (*checks, staged) for breach in check)]


def unclaimed(workspace: Workspace) -> list[str]:
    """Rows that a run has still to do, and that nothing keeps from others; there are none at any moment."""
    with workspace.store.read() as session:
        return unclaimed_in({name: session.whole(name) for name in ("run_rows", "claims", "runs")})


def unclaimed_in(tables: dict[str, pd.DataFrame]) -> list[str]:
    """See `unclaimed`; of tables that were read."""
    rows, claims, runs = (tables[name] for name in ("run_rows", "claims", "runs"))
    live = runs.loc[~runs["status"].isin(["finished", "abandoned"]), "run_id"]
    open_rows = rows[rows["run_id"].isin(live) & rows["outcome"].isin(["claimed", "reserved"])]
    both = open_rows.merge(claims.assign(held=True), on=["run_id", "invoice_id"], how="left")
    return [
        f"invoice {i} is in the open run {r}, which does not hold it"
        for i, r in both.loc[both["held"].isna(), ["invoice_id", "run_id"]].itertuples(index=False)
    ]


def _runs(tables: dict[str, pd.DataFrame]) -> Iterator[str]:
    open_runs = tables["runs"][~tables["runs"]["status"].isin(["finished", "abandoned"])]
    yield from (f"run {run} is not finished" for run in open_runs["run_id"])
    yield from (f"invoice {i} is still claimed" for i in tables["claims"]["invoice_id"])
    left = tables["run_rows"][tables["run_rows"]["outcome"].isin(["claimed", "reserved"])]
    yield from (
        f"row {i} of run {r} is unfinished" for i, r in zip(left["invoice_id"], left["run_id"], strict=True)
    )


def _rows(tables: dict[str, pd.DataFrame]) -> Iterator[str]:
    """No two runs did the same version of a row, and what can be done once was done once."""
    rows = tables["run_rows"].merge(tables["runs"][["run_id", "action", "eligible"]], on="run_id")
    done = rows[rows["outcome"] == "done"]
    once = [name for name, action in registry().items() if not action.repeatable]  # an import is no action
    writing = done[done["action"].isin(once)]
    shared = writing[writing.duplicated(["invoice_id", "row_version"], keep=False)]
    for row in shared.to_dict("records"):
        yield f"invoice {row['invoice_id']} version {row['row_version']} was done by run {row['run_id']} too"
    for action in DONE_ONCE:
        often = done[done["action"] == action]["invoice_id"]
        yield from (f"{action} was done twice to invoice {i}" for i in often[often.duplicated()])
    events = tables["events"].groupby(["run_id", "invoice_id"]).size()
    yield from (f"{count} events for {key}" for key, count in events[events > 1].items())
    missing = done.merge(tables["events"][["run_id", "invoice_id"]].assign(known=True), how="left")
    yield from (f"no event for invoice {i}" for i in missing[missing["known"].isna()]["invoice_id"])


def _numbers(tables: dict[str, pd.DataFrame]) -> Iterator[str]:
    issued, invoices = tables["issued_numbers"], tables["invoices"]
    for key, group in issued.groupby(["company_account_id", "series", "period"]):
        if sorted(group["seq"]) != list(range(1, len(group) + 1)):
            yield f"series {key} has gaps or duplicates: {sorted(group['seq'])}"
    yield from (
        f"invoice {i} got two numbers" for i in issued["invoice_id"][issued["invoice_id"].duplicated()]
    )
    numbered = invoices[invoices["number"].notna()].merge(issued, on="invoice_id", how="outer")
    off = numbered[numbered["number_x"] != numbered["number_y"]]
    yield from (f"invoice {i} does not carry the number it was given" for i in off["invoice_id"])


def _files(workspace: Workspace, tables: dict[str, pd.DataFrame]) -> Iterator[str]:
    artefacts = tables["artefacts"]
    yield from (f"{name} was not published" for name in artefacts[artefacts["status"] != "published"]["name"])
    for path, sha256 in zip(artefacts["path"], artefacts["sha256"], strict=True):
        file = workspace.data / path
        if not file.is_file():
            yield f"{path} is missing"
        elif _hash(file) != sha256:
            yield f"{path} does not match its hash"
    for folder in ("documents", "runs"):
        for file in (workspace.data / folder).rglob("*"):
            if file.is_file() and _hash(file) not in set(artefacts["sha256"]):
                yield f"{file.relative_to(workspace.data)} is in no run"
    yield from (f"{file} is a partial file" for file in workspace.data.rglob("*.part"))


def _hash(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _versions(tables: dict[str, pd.DataFrame]) -> Iterator[str]:
    """A row's status is where its last event left it."""
    events = tables["events"].sort_values(["at"], kind="stable")
    status = tables["invoices"].set_index("invoice_id")["status"].astype("str")
    for action, expected in (("create", {"created", "generation_failed"}), ("approve", None)):
        last = events[events["event"] == action].groupby("invoice_id")["to_status"].last()
        if expected:
            off = last[~last.index.map(status).isin(expected)]
            yield from (f"invoice {i} was created, but is {status.get(i)}" for i in off.index)
        else:
            empty = events["event"].eq("delete") & events["from_status"].astype("str").isin(DELETABLE)
            known = {*status.index, *events.loc[empty, "invoice_id"]}  # the approval was withdrawn before
            lost = [i for i in last.index if i not in known]
            yield from (f"approved invoice {i} is gone" for i in lost)
