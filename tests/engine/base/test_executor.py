"""The pool keeps order, hands jobs out a few at a time, and never runs the caller's script again."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import count, islice
from multiprocessing import active_children
from pathlib import Path

import psutil
import pytest

from invoicebatch.engine.base import executor
from invoicebatch.engine.base.executor import Pool
from invoicebatch.settings import Executor, Settings
from tests.waiting import until


@pytest.fixture(autouse=True)
def _workers_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executor, "SECONDS_ALONE", -1.0)


@pytest.fixture
def pool(tmp_path: Path) -> Iterator[Pool]:
    with Pool(Settings(executor=Executor(processes=2)), tmp_path, tmp_path) as pool:
        yield pool


def test_results_come_in_order_from_other_processes(pool: Pool) -> None:
    assert list(pool.map(abs, range(-50, 0))) == list(range(50, 0, -1))
    assert os.getpid() not in list(pool.map(_pid, range(20)))[1:]


def _pid(_: int) -> int:
    return int(
        subprocess.run(
            [sys.executable, "-c", "import os; print(os.getppid())"], capture_output=True, check=True
        ).stdout
    )


def test_workers_go_with_a_process_that_was_killed(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import time\n"
        "from pathlib import Path\n"
        "from invoicebatch.engine.base import executor\n"
        "from invoicebatch.settings import Executor, Settings\n"
        "executor.SECONDS_ALONE = -1.0\n"
        "pool = executor.Pool(Settings(executor=Executor(processes=2)), Path(), Path())\n"
        "results = pool.map(time.sleep, [0, 0, 0, 0, 3600])\n"
        "for _ in range(4): next(results)\n"
        "print(*(process.pid for process in pool._local._processes.values()), flush=True)\n"
        "next(results)\n"
    )
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        workers = [int(word) for word in parent.stdout.readline().split()]
        assert len(workers) == 2
        assert all(map(_works, workers))
        parent.kill()
    until(lambda: not any(map(_works, workers)))


def _works(process: int) -> bool:
    try:
        return psutil.Process(process).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_lone_job_runs_right_here(pool: Pool) -> None:
    assert list(pool.map(os.path.basename, ["a/b"])) == ["b"]
    assert list(pool.map(_pid, [1])) == [os.getpid()]


def test_short_work_starts_no_workers(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executor, "SECONDS_ALONE", 3600.0)
    assert set(pool.map(_pid, range(3))) == {os.getpid()}


def test_an_endless_source_is_read_only_as_far_as_needed(pool: Pool) -> None:
    assert list(islice(pool.map(abs, count()), 5)) == [0, 1, 2, 3, 4]


def test_what_nobody_waits_for_any_more_is_ended_and_the_pool_goes_on(pool: Pool) -> None:
    before = set(active_children())  # of other tests
    results = pool.map(time.sleep, [0, 0, 60, 60, 60])
    assert [next(results), next(results)] == [None, None]  # the first was done right here
    assert set(active_children()) > before
    results.close()
    assert set(active_children()) <= before
    assert list(pool.map(abs, range(-3, 0))) == [3, 2, 1]
    with pytest.raises(KeyboardInterrupt), pool:
        results = pool.map(time.sleep, [0, 0, 60, 60, 60])
        assert [next(results), next(results)] == [None, None]
        raise KeyboardInterrupt
    assert set(active_children()) <= before


def test_a_failing_job_raises_where_its_result_is_due(pool: Pool) -> None:
    results = pool.map(int, ["1", "x", "3"])
    assert next(results) == 1
    with pytest.raises(ValueError, match="invalid literal"):
        next(results)


def test_a_script_without_a_main_guard_is_not_run_again(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "from pathlib import Path\n"
        "from invoicebatch.engine.base.executor import Pool\n"
        "from invoicebatch.settings import Executor, Settings\n"
        "print('ran', flush=True)\n"
        "with Pool(Settings(executor=Executor(processes=2)), Path(), Path()) as pool:\n"
        "    print(sum(pool.map(abs, range(-4, 0))), __name__)\n"
    )
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True)
    assert done.stdout == "ran\n10 __main__\n"
