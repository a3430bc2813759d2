"""Work in any order, with crashes in between, goes as a plain model says; see `machine`."""

import os
import random

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.crash.machine import NOW, Invoicing


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
def test_a_long_while() -> None:
    chosen = int(os.environ.get("SEED", random.randrange(1 << 30)))
    print(f"SEED={chosen}")
    _run(seed(chosen)(Invoicing), 60, 40, derandomize=False)
    print(f"{Invoicing.steps} steps")
