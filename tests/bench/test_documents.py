"""Documents: whole commands per second and core, merging beside pypdf, memory over many documents."""

import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from invoicebatch.engine.base.executor import Pool
from invoicebatch.formats.archive.zip import Entry, write_zip
from invoicebatch.formats.merged.merge import Engine, merge_batch, merge_jobs, write_merged
from invoicebatch.formats.pdf.render import render_documents, render_jobs
from invoicebatch.interfaces.api import Workspace, init_workspace
from invoicebatch.settings import Executor, Settings
from tests.formats.pdf import samples

pytestmark = pytest.mark.bench


def children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@pytest.mark.parametrize("processes", [1, 2, 4])
def test_create_as_a_whole_command(tmp_path: Path, processes: int) -> None:
    workspace: Workspace = init_workspace(tmp_path / "w")
    count = 300 * processes
    workspace.load_sample(count, 1)
    workspace.select(where="status in ('empty', 'approval_failed')").plan("approve").apply()
    environment = os.environ | {"INVOICEBATCH_EXECUTOR__PROCESSES": str(processes)}
    command = [
        sys.executable,
        "-m",
        "invoicebatch",
        "run",
        "create",
        "--where",
        "status = 'approved'",
        "--yes",
    ]
    cpu, start = children(), time.perf_counter()
    subprocess.run(command, cwd=workspace.root, env=environment, capture_output=True, check=False)
    wall, cpu = time.perf_counter() - start, children() - cpu
    made = len(list((workspace.data / "documents").rglob("*.pdf")))
    print(
        f"\ncreate, {processes} processes: {made} documents, {made / wall:.0f}/s, {made / cpu:.0f} a CPU second"
    )
    assert made > 0


def test_memory_stays_flat(request: pytest.FixtureRequest) -> None:
    script = """
import resource
from tests.formats.pdf import samples
from invoicebatch.formats.pdf.render import render_documents, render_jobs
for round_ in range(1, 21):
    rows = [samples.invoice(round_ * 100 + n, customer={"name": f"N {round_ * 100 + n}"}) for n in range(100)]
    for job in render_jobs(samples.batch(*rows), {}, "en"):
        render_documents(job)
    if round_ in (5, 20):
        print(round_ * 100, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""
    root = request.config.rootpath
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=root, env=os.environ | {"PYTHONPATH": str(root)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    (_, early), (_, late) = (line.split() for line in done.stdout.splitlines())
    print(f"\nrender: {early} MB after 500 documents, {late} MB after 2,000")
    assert int(late) < int(early) * 1.1


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("files")
    batch = samples.batch(*(samples.invoice(n, readings=samples.monthly_readings(3)) for n in range(1, 201)))
    with Pool(Settings(executor=Executor(processes=4)), Path(), Path()) as pool:
        for results in pool.map(render_documents, render_jobs(batch, {}, "en")):
            for result in results:
                (folder / f"{result.invoice_id:04d}.pdf").write_bytes(result.pdf)  # type: ignore[union-attr]
    return sorted(folder.iterdir()) * 5


@pytest.mark.parametrize("engine", ["pikepdf", "pypdf"])
def test_merging_a_thousand(files: list[Path], tmp_path: Path, engine: Engine) -> None:
    titles = [file.stem for file in files]
    cpu = time.process_time()
    parts = [merge_batch(job) for job in merge_jobs(titles, files, engine)]
    with (tmp_path / "merged.pdf").open("wb") as out:
        write_merged(parts, out, "All", engine)
    size = (tmp_path / "merged.pdf").stat().st_size
    print(f"\n{engine}: 1,000 documents in {time.process_time() - cpu:.1f} CPU s, {size / 1e6:.0f} MB")
    assert size > 0


def test_zip_of_a_thousand_beside_a_plain_copy(files: list[Path], tmp_path: Path) -> None:
    entries = [Entry(f"{n}.pdf", file) for n, file in enumerate(files)]
    copy = _timed(lambda: [(tmp_path / "copy.pdf").write_bytes(file.read_bytes()) for file in files])
    with (tmp_path / "all.zip").open("wb") as out:
        zipped = _timed(lambda: write_zip(entries, out))
    print(f"\nzip {zipped:.2f} s, plain copy {copy:.2f} s")
    assert zipped > 0


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
