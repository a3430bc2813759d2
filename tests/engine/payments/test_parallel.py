"""Bundling and settling from several processes at once: money moves once."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from invoicebatch.interfaces.api import Workspace
from tests.paying import date_has_come
from tests.waiting import LIMIT

Make = Callable[..., Workspace]
ROOT = Path(__file__).parents[3]


def together(ws: Workspace, *commands: list[str]) -> str:
    """What the commands said, all run at once."""
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "invoicebatch", *command, "--json", "--debug", "-w", str(ws.root)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for command in commands
    ]
    return "\n".join(process.communicate(timeout=LIMIT)[0] for process in running)


def test_an_invoice_is_bundled_once_whoever_asks(money_workspace: Make) -> None:
    ws = money_workspace(9)
    together(ws, ["run", "assign.bank_file", "--all"], ["run", "assign.bank_file", "--all", "--description", "b"],
             ["run", "assign.bank_file", "--ids", "1,2,3,4", "--description", "c"])  # fmt: skip
    with ws.store.read() as session:
        items = session.whole("bundle_items")
        live = session.whole("live_bundle_items")
    assert sorted(items["invoice_id"]) == list(range(1, 10))
    assert sorted(live["invoice_id"]) == list(range(1, 10))
    assert ws.payments.list()["total_cents"].sum() == 9 * 12_100


def test_confirming_twice_at_once_books_once(money_workspace: Make) -> None:
    ws = money_workspace(5)
    ws.select(all=True).plan("assign.bank_file").apply()
    bundle = ws.payments.list()["bundle_id"].iloc[0]
    ws.payments.write(bundle)
    date_has_come(ws)
    said = together(
        ws,
        ["payments", "confirm", bundle, "--yes"],
        ["payments", "confirm", bundle, "--yes"],
        ["payments", "reject", bundle, "1", "--reason", "x"],
    )
    with ws.store.read() as session:
        booked = session.whole("payments")["amount_cents"].sum()
    frame = ws.select(all=True).frame
    assert booked == frame["paid_cents"].sum()
    assert ((frame["paid_cents"] == 0) | (frame["paid_cents"] == 12_100)).all()
    assert (frame["paid_cents"] + frame["outstanding_cents"] == 12_100).all()
    items = ws.payments.items(bundle)
    confirmed = items[items["status"].astype("str") == "confirmed"]["amount_cents"].sum()
    listed = ws.payments.list().iloc[0]
    assert listed["total_cents"] >= confirmed == booked
    assert ws.doctor().empty, said
