"""Work in any order, with crashes in between, goes as a plain model says; see `machine`."""

import os
import random

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.crash.invariants import breaches
from tests.crash.machine import IN_ORDER, NOW, PARAMS, Invoicing


@pytest.fixture(autouse=True)
def one_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INVOICEBATCH_NOW", NOW)


def _run(machine: type[Invoicing], examples: int, steps: int, *, derandomize: bool) -> None:
    limits = settings(
        max_examples=examples, stateful_step_count=steps, derandomize=derandomize, database=None, deadline=None,
        suppress_health_check=list(HealthCheck), phases=[Phase.generate, Phase.shrink],
    )  # fmt: skip
    run_state_machine_as_test(machine, settings=limits)


def test_a_short_while() -> None:
    _run(Invoicing, 2, 6, derandomize=True)


@pytest.mark.full
def test_a_walk_with_a_death_at_every_corner() -> None:
    """What a random walk comes to late: bundled, written, booked, returned, credited, sent; each cut off."""
    walk = Invoicing()

    def act(action: str, *ids: int, at: int | None = None) -> None:
        params = PARAMS.get(action, {})
        walk._applied(walk.ws.select(ids=ids or sorted(walk.model)).plan(action, **params), at)
        walk.all_holds()

    def finish(*deaths: int) -> None:
        for at in (*deaths, None):
            if walk.open:
                walk.resume(at=at)
                walk.all_holds()
        assert not walk.open

    walk.all_holds()
    act("assign.bank_file", 1, 2, 3, at=3)
    finish(4)
    walk.write_bundle(at=5)
    finish()
    walk.bank_reports(back=True, at=4)
    walk.all_holds()
    act("credit", 1, 2, at=4)
    finish(3)
    act("send_via.email", 1, 2, 3, at=9)
    finish(3)
    walk.settle_doubts(again=True)
    for action in ("create", "assign.bank_file", "approve", "withdraw_approval"):
        act(action)
    act("delete", at=2)
    finish()
    assert [breach for breach in breaches(walk.ws) if not IN_ORDER.search(breach)] == []
    walk.teardown()


@pytest.mark.full
def test_a_long_while() -> None:
    chosen = int(os.environ.get("SEED", random.randrange(1 << 30)))
    print(f"SEED={chosen}")
    _run(seed(chosen)(Invoicing), 60, 40, derandomize=False)
    print(f"{Invoicing.steps} steps")
