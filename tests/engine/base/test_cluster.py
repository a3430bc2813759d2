"""A Dask cluster of real processes: the same documents, and a clear word where it can't do them."""

import hashlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from invoicebatch.engine.base import cluster
from invoicebatch.engine.base.cluster import Cluster
from invoicebatch.errors import ClusterError, SettingsError
from invoicebatch.interfaces.api import Workspace, init_workspace, open_workspace
from invoicebatch.settings import Executor, Settings
from tests.cluster import Processes
from tests.conftest import fill, peppol_frames
from tests.delivery.mail.mailserver import certificate


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    (tmp_path / "cluster").mkdir()
    started = Processes(tmp_path / "cluster")
    yield started
    started.stop()


@pytest.fixture
def branded(make_workspace: Callable[..., Workspace]) -> Callable[[str], Workspace]:
    """Workspaces of forty invoices, alike, whose template has a footer of its own."""

    def make(name: str) -> Workspace:
        workspace = make_workspace(40, name)
        workspace.select(all=True).plan("approve").apply()
        words = workspace.root / "templates" / ".ours" / "texts"
        words.mkdir(parents=True)
        (words / "en.toml").write_text('[titles]\ninvoice = "Our own invoice"\n')
        return _with(workspace, template="templates/.ours")

    return make


def _with(workspace: Workspace, dask: str = "", template: str = "templates/.ours") -> Workspace:
    settings = workspace.root / "invoicebatch.toml"
    settings.write_text(
        f'[documents]\ntemplate = "{template}"\n[executor]\ndask = "{dask}"\nchunk_rows = 20\n'
    )
    return open_workspace(workspace.root)


def _hashes(workspace: Workspace) -> dict[str, str]:
    files = (workspace.data / "documents").rglob("*.pdf")
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


class Kill:
    """Progress that ends a process once the first documents are told."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process

    def start(self, label: str, total: int) -> None:
        """Nothing yet."""

    def advance(self, count: int) -> None:
        if count and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def stop(self) -> None:
        """It is over."""


def test_a_cluster_makes_the_same_documents_though_a_worker_is_killed(
    processes: Processes, branded: Callable[[str], Workspace]
) -> None:
    processes.add_worker()
    lost = processes.add_worker()
    alone, spread = branded("alone"), branded("spread")
    assert len(alone.select(all=True).plan("create").apply().done) == 40
    spread = _with(spread, processes.address)
    assert len(spread.select(all=True).plan("create").apply(progress=Kill(lost)).done) == 40
    assert lost.poll() is not None
    assert _hashes(spread) == _hashes(alone)
    assert len(_hashes(alone)) == 40


def test_a_cluster_writes_the_same_e_invoices(
    processes: Processes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from invoicebatch.formats import checked

    monkeypatch.setattr(checked, "SLICE", 2)
    processes.add_worker()
    invoices, tables = peppol_frames(6, 2)
    frames = {name: tables[name] for name in ("company_accounts", "customers", "lines", "vat_breakdown")}
    invoices = invoices.drop(columns=["mandate_id", "mandate_iban"])
    workspace = fill(init_workspace(tmp_path / "workspace"), {**frames, "invoices": invoices})
    found = []
    for address in ("", processes.address):
        plan = _with(workspace, address, template="").select(all=True).plan("export.ubl", schematron="sample")
        report = plan.apply()
        assert len(report.done) == 6
        found.append([Path(file["path"]).read_bytes() for file in report.to_dict()["files"]])
    assert found[0] == found[1]


@pytest.mark.full
def test_a_run_whose_scheduler_is_killed_is_finished_without_it(
    processes: Processes, branded: Callable[[str], Workspace]
) -> None:
    processes.add_worker()
    workspace = _with(branded("spread"), processes.address)
    plan = workspace.select(all=True).plan("create")
    with pytest.raises(ClusterError, match="scheduler is gone") as caught:
        plan.apply(progress=Kill(processes.scheduler))
    assert "invoicebatch resume" in caught.value.hint
    with pytest.raises(SettingsError, match="No Dask scheduler answers"):
        workspace.runs.resume()
    (report,) = _with(workspace).runs.resume()
    assert len(report.done) == 40
    alone = branded("alone")
    alone.select(all=True).plan("create").apply()
    assert _hashes(workspace) == _hashes(alone)


def test_nothing_is_numbered_where_nobody_would_do_the_work(
    processes: Processes, branded: Callable[[str], Workspace], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 1.0)
    workspace = branded("waiting")

    runs = len(workspace.runs.list())

    def refused(address: str, message: str) -> None:
        with pytest.raises(SettingsError, match=message):
            _with(workspace, address).select(all=True).plan("create").apply()
        rows = _with(workspace).select(all=True).frame
        assert rows["number"].isna().all()
        assert rows["busy_run"].isna().all()
        assert len(workspace.runs.list()) == runs

    refused("tcp://127.0.0.1:9", "No Dask scheduler answers at tcp://127.0.0.1:9")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        refused(address, f"No Dask scheduler answers at {address}")
        refused(address + '"\ndask_ca = "ca.pem', "There are certificates, but .* is not encrypted")
    refused("nonsense", "is no address")
    refused(processes.address, "has no workers")
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 60.0)
    packages = tmp_path / "other"
    for name in ("typst", "noto_cjk_sans_otc"):
        other = packages / f"{name}-0.0.0.dist-info"
        other.mkdir(parents=True)
        (other / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.0.0\n")
    processes.add_worker(PYTHONPATH=f"{packages}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    refused(processes.address, r"typst 0.0.0, here .*; noto-cjk-sans-otc 0.0.0, here")


def test_a_file_that_needs_no_cluster_is_written_without_one(
    make_workspace: Callable[..., Workspace], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 1.0)
    workspace = _with(make_workspace(3), "tcp://127.0.0.1:9", template="")
    assert len(workspace.select(all=True).plan("export.invoices", format="csv").apply().done) == 3


def test_certificates_prove_who_is_who(tmp_path: Path) -> None:
    folder = tmp_path / "cluster"
    folder.mkdir()
    pem, key = certificate(folder), folder / "key.pem"
    started = Processes(
        folder,
        *("--protocol", "tls", "--tls-ca-file", str(pem), "--tls-cert", str(pem), "--tls-key", str(key)),
    )
    try:
        started.add_worker()
        assert started.address.startswith("tls://")
        with pytest.raises(SettingsError, match="needs certificates"):
            Cluster(Settings(executor=Executor(dask=started.address)), tmp_path, tmp_path / "data")
        settings = Executor(
            dask=started.address, dask_ca=str(pem), dask_certificate=str(pem), dask_key=str(key)
        )
        connected = Cluster(Settings(executor=settings), tmp_path, tmp_path / "data")
        try:
            assert connected.submit(abs, -3).result() == 3
        finally:
            connected.close()
    finally:
        started.stop()


def test_what_a_job_names_is_found_where_it_is_done(processes: Processes, tmp_path: Path) -> None:
    processes.add_worker()
    root, data = tmp_path / "root", tmp_path / "root" / "data"
    (root / "rules").mkdir(parents=True)
    (root / "rules" / "own.toml").write_text("a = 1")
    data.mkdir()
    document = data / "stored.pdf"
    document.write_bytes(b"%PDF")
    connected = Cluster(Settings(executor=Executor(dask=processes.address)), root, data)
    try:
        assert connected.width == 1
        there = connected.submit(_text_and_place, root / "rules" / "own.toml").result()
        assert there[0] == "a = 1"
        assert not Path(there[1]).is_relative_to(root)
        assert connected.submit(_text_and_place, document).result() == ("%PDF", str(document))
        with pytest.raises(FileNotFoundError):
            connected.submit(_text_and_place, root / "rules" / "lost.toml").result()
    finally:
        connected.close()
    apart = Cluster(Settings(executor=Executor(dask=processes.address)), root, data)
    try:
        with pytest.raises(SettingsError, match=r"does not see .*missing.pdf"):
            apart.submit(_text_and_place, data / "missing.pdf")
    finally:
        apart.close()


def _text_and_place(path: Path) -> tuple[str, str]:
    return path.read_text(), str(path)


def test_a_scheduler_that_stands_still_is_not_waited_for_without_end(
    processes: Processes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    processes.add_worker()
    connected = Cluster(Settings(executor=Executor(dask=processes.address)), tmp_path, tmp_path / "data")
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 0.1)
    monkeypatch.setattr(cluster, "ALONE_SECONDS", 0.1)
    try:
        waiting = connected.submit(time.sleep, 60)
        processes.scheduler.send_signal(signal.SIGSTOP)
        with pytest.raises(ClusterError, match="does not answer"):
            waiting.result()
    finally:
        connected.close()


@pytest.mark.full
def test_a_cluster_without_workers_is_not_waited_for_without_end(
    processes: Processes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "ALONE_SECONDS", 0.1)
    worker = processes.add_worker()
    connected = Cluster(Settings(executor=Executor(dask=processes.address)), tmp_path, tmp_path / "data")
    try:
        worker.kill()
        worker.wait()
        with pytest.raises(ClusterError, match="lost all its workers"):
            connected.submit(time.sleep, 60).result()
    finally:
        connected.close()


@pytest.mark.full
def test_workers_of_this_machine_need_no_scheduler(tmp_path: Path) -> None:
    connected = Cluster(Settings(executor=Executor(dask="local:2")), tmp_path, tmp_path / "data")
    try:
        assert connected.width == 2
        assert connected.submit(abs, -3).result() == 3
        forgotten = connected.submit(abs, -4)
        forgotten._future.cancel()
        assert forgotten.result() == 4
        forgotten._again = lambda: forgotten._future
        forgotten._future.cancel()
        with pytest.raises(ClusterError, match="again and again"):
            forgotten.result()
    finally:
        connected.close()


def test_certificates_that_do_not_exist_are_named(tmp_path: Path) -> None:
    settings = Settings(executor=Executor(dask="tls://127.0.0.1:9", dask_ca="ca.pem"))
    with pytest.raises(SettingsError, match=r"ca.pem does not exist"):
        Cluster(settings, tmp_path, tmp_path / "data")
