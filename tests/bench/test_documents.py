"""Documents: whole commands per second and core, merging beside pypdf, memory over many documents."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final
from zipfile import ZipFile

import pytest

from invoicebatch.engine.base.executor import Pool
from invoicebatch.formats.archive.zip import Entry, write_zip
from invoicebatch.formats.merged.merge import Engine, merge_batch, merge_jobs, write_merged
from invoicebatch.formats.pdf.render import render_documents, render_jobs
from invoicebatch.interfaces.api import init_workspace
from invoicebatch.settings import Executor, Settings
from tests.bench.measured import measured
from tests.cluster import Processes
from tests.copies import copy_workspace
from tests.formats.pdf import samples

pytestmark = pytest.mark.bench


WAYS: Final[Mapping[str, Mapping[str, str]]] = {
    **{f"{count} process(es)": {"PROCESSES": str(count)} for count in (1, 2)},
    **{f"Dask, {count} worker(s)": {"DASK": f"local:{count}"} for count in (1, 2, 4)},
}


def test_create_and_ubl_as_whole_commands(tmp_path: Path) -> None:
    """Documents a second and a CPU second, of a run on processes and on a cluster, which all make the same bytes."""
    ready = init_workspace(tmp_path / "ready")
    ready.load_sample(1_000, 1)
    ready.select(where="status in ('empty', 'approval_failed')").plan("approve").apply()
    made: dict[str, dict[str, bytes]] = {}
    for way, executor in WAYS.items():
        root = copy_workspace(ready.root, tmp_path / way)
        told = _whole(("create", "--where", "status = 'approved'"), root, executor)
        made[way] = {path.name: path.read_bytes() for path in (root / "data" / "documents").rglob("*.pdf")}
        print(f"\ncreate, {way}: {len(made[way])} documents, {told(len(made[way]))}", end="")
    (tmp_path / "cluster").mkdir()
    processes = Processes(tmp_path / "cluster")
    try:
        for _ in range(2):
            processes.add_worker()
        root = copy_workspace(ready.root, tmp_path / "coordinator")
        told = _whole(("create", "--where", "status = 'approved'"), root, {"DASK": processes.address})
    finally:
        processes.stop()
    count = sum(1 for _ in (root / "data" / "documents").rglob("*.pdf"))
    print(f"\ncreate, the coordinator of a cluster alone: {count} documents, {told(count)}", end="")
    assert made["1 process(es)"]
    assert all(documents == made["1 process(es)"] for documents in made.values())
    written: set[Path] = set()
    for schematron in ("all", "sample", "none"):
        told = _whole(("export.ubl", "--all", "--schematron", schematron), root, WAYS["1 process(es)"])
        (archive,) = {*(root / "data" / "runs").rglob("*.zip")} - written
        written.add(archive)
        count = sum(name.endswith(".xml") for name in ZipFile(archive).namelist())
        print(f"\nexport.ubl, schematron {schematron}: {count} documents, {told(count)}", end="")


def _whole(arguments: Sequence[str], root: Path, executor: Mapping[str, str]) -> Callable[[int], str]:
    """Run a command; what is said of its speed, by the number of documents."""
    environment = {f"INVOICEBATCH_EXECUTOR__{name}": value for name, value in executor.items()}
    begun = time.perf_counter()
    used = measured([sys.executable, "-m", "invoicebatch", "run", *arguments, "--yes"], root, environment)
    wall = time.perf_counter() - begun
    return lambda count: f"{count / wall:.0f}/s, {count / used.cpu:.0f} a CPU second, {used}"


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
