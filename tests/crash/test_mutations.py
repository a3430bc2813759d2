"""The sweep bites: each promise broken on purpose is seen, and by what."""

from pathlib import Path

import pytest

from tests.crash.mutations import MUTATIONS
from tests.crash.test_sweep import run


@pytest.mark.full
@pytest.mark.parametrize("name", MUTATIONS)
def test_a_broken_promise_is_seen(tmp_path: Path, name: str) -> None:
    told = run("mutations", tmp_path / "broken", name)[name]
    seen = MUTATIONS[name].seen
    assert not [line for line in told["sound"] if seen in line]
    assert [line for line in told["broken"] if seen in line], told["broken"]
