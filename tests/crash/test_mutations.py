"""The sweep bites: each promise broken on purpose is seen, and by what."""

from pathlib import Path

import pytest

from tests.crash.mutations import MUTATIONS
from tests.crash.test_sweep import run


def _seen(folder: Path, *names: str) -> None:
    found = run("mutations", folder / "broken", *names)
    assert set(found) == set(names)
    for name, told in found.items():
        seen = MUTATIONS[name].seen
        assert not [line for line in told["sound"] if seen in line], name
        assert [line for line in told["broken"] if seen in line], (name, told["broken"])


def test_claims_released_early_are_seen(tmp_path: Path) -> None:
    _seen(tmp_path, "claims released early")


@pytest.mark.full
def test_every_broken_promise_is_seen(tmp_path: Path) -> None:
    _seen(tmp_path, *MUTATIONS)
