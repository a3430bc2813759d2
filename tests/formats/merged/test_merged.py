"""Merged PDFs: pages, bookmarks, labels, sizes and the claim to be PDF/A-2b."""

import io
import subprocess
from pathlib import Path
from typing import Any

import page
import pikepdf
import pytest

from invoicebatch.formats.cii.facturx import embed
from invoicebatch.formats.merged.merge import Engine, merge, merge_batch, merge_jobs, write_merged
from invoicebatch.formats.pdf.render import render_documents, render_jobs
from tests.formats.pdf import samples

COUNT = 6


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("documents")
    rows = [samples.invoice(n, readings=samples.monthly_readings(2 * n)) for n in range(1, COUNT + 1)]
    found = []
    for job in render_jobs(samples.batch(*rows), {}, "en"):
        for result in render_documents(job):
            file = folder / f"{result.invoice_id}.pdf"
            file.write_bytes(result.pdf)  # type: ignore[union-attr]
            found.append(file)
    return found


def titles(files: list[Path]) -> list[str]:
    return [f"2026-{int(file.stem):06d}" for file in files]


@pytest.mark.parametrize("engine", ["pikepdf", "pypdf"])
def test_pages_bookmarks_and_labels(files: list[Path], engine: Engine, tmp_path: Path) -> None:
    data = merge(titles(files), files, "All", engine)
    counts = [len(pikepdf.open(file).pages) for file in files]
    with pikepdf.open(io.BytesIO(data)) as found:
        assert len(found.pages) == sum(counts)
        with found.open_outline() as outline:
            assert [item.title for item in outline.root] == titles(files)
            targets = [item.destination or item.action.D for item in outline.root]
            starts = [found.pages.index(pikepdf.Page(target[0])) for target in targets]
        assert starts == [sum(counts[:n]) for n in range(COUNT)]
        assert found.pages[starts[1]].label == "2026-000002 – 1"
    assert page.validate_pdf_bytes(data, profile="2b").failures == []
    path = tmp_path / "merged.pdf"
    path.write_bytes(data)
    checked = subprocess.run(["qpdf", "--check", str(path)], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize("engine", ["pikepdf", "pypdf"])
def test_documents_with_invoice_data_merge_into_a_valid_file(
    files: list[Path], engine: Engine, tmp_path: Path
) -> None:
    embedded = []
    for file in files[:2]:
        embedded.append(tmp_path / file.name)
        embedded[-1].write_bytes(embed(file.read_bytes(), b"<invoice/>"))
    data = merge(["a", "b"], embedded, "All", engine)
    assert page.validate_pdf_bytes(data, profile="2b").failures == []
    assert "/Names" not in pikepdf.open(io.BytesIO(data)).Root


@pytest.mark.parametrize("engine", ["pikepdf", "pypdf"])
@pytest.mark.parametrize("other", ["en", "nl"])
def test_the_language_is_kept_where_it_is_one(
    files: list[Path], engine: Engine, other: str, tmp_path: Path
) -> None:
    second = tmp_path / "second.pdf"
    with pikepdf.open(files[1]) as document:
        document.Root.Lang = other
        document.save(second)
    data = merge(["a", "b"], [files[0], second], "All", engine)
    with pikepdf.open(io.BytesIO(data)) as found:
        assert str(found.Root.get("/Lang", "")) == ("en" if other == "en" else "")
        assert (b"<rdf:li>en</rdf:li>" in found.Root.Metadata.read_bytes()) == (other == "en")
    assert page.validate_pdf_bytes(data, profile="2b").failures == []


@pytest.mark.parametrize("engine", ["pikepdf", "pypdf"])
def test_shared_parts_are_stored_once(files: list[Path], engine: Engine) -> None:
    same = [files[-1]] * 5
    once = len(merge(["a"], same[:1], "One", engine))
    five = len(merge(list("abcde"), same, "Five", engine))
    assert five < (4 if engine == "pikepdf" else 5) * once
    merged = pikepdf.open(io.BytesIO(merge(list("abcde"), same, "Five", engine)))
    profiles = [o for o in merged.objects if isinstance(o, pikepdf.Stream) and o.get("/N") == 3]
    assert len({o.read_raw_bytes() for o in profiles}) == len(profiles)


@pytest.mark.parametrize("engine", ["pikepdf", "pypdf"])
def test_the_same_files_give_the_same_bytes(files: list[Path], engine: Engine) -> None:
    assert merge(titles(files), files, "All", engine) == merge(titles(files), files, "All", engine)


@pytest.mark.parametrize("engine", ["pikepdf", "pypdf"])
def test_a_broken_file_is_named_and_the_others_go_on(
    files: list[Path], engine: Engine, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(files[0].read_bytes()[:900])
    [job] = merge_jobs(["a", "b", "c"], [files[0], broken, files[1]], engine)
    part = merge_batch(job)
    assert part.titles == ("a", "c")
    assert [position for position, _ in part.faults] == [1]


@pytest.mark.parametrize("engine", ["pikepdf", "pypdf"])
def test_a_locked_file_is_named_and_the_others_go_on(
    files: list[Path], engine: Engine, tmp_path: Path
) -> None:
    locked = tmp_path / "locked.pdf"
    with pikepdf.open(files[0]) as document:
        document.save(locked, encryption=pikepdf.Encryption(owner="o", user="u"))
    [job] = merge_jobs(["a", "locked"], [files[0], locked], engine)
    part = merge_batch(job)
    assert part.titles == ("a",)
    ((position, reason),) = part.faults
    assert position == 1
    assert "can't be read as a PDF" in reason


@pytest.mark.parametrize("engine", ["pikepdf", "pypdf"])
def test_bookmarks_say_any_number_as_it_is(files: list[Path], engine: Engine) -> None:
    names = ["2026/(1)\\", "№ 東京 🧾", "<b>&", "عربي"]
    data = merge(names, files[:4], "Alle <Rechnungen> & mehr", engine)
    with pikepdf.open(io.BytesIO(data)) as found:
        with found.open_outline() as outline:
            assert [item.title for item in outline.root] == names
        assert found.pages[0].label == f"{names[0]} – 1"
        assert str(found.docinfo["/Title"]) == "Alle <Rechnungen> & mehr"
    assert page.validate_pdf_bytes(data, profile="2b").failures == []


@pytest.mark.parametrize("engine", ["pikepdf", "pypdf"])
def test_bookmarks_lead_on_across_batches(files: list[Path], engine: Engine) -> None:
    parts = [merge_batch(job) for job in merge_jobs(titles(files), files, engine, size=4)]
    out = io.BytesIO()
    write_merged(parts, out, "All", engine)
    counts = [len(pikepdf.open(file).pages) for file in files]
    with pikepdf.open(out) as found:
        labels = [found.pages[sum(counts[:n])].label for n in range(COUNT)]
        assert labels == [f"{name} – 1" for name in titles(files)]
        assert len(found.pages) == sum(counts)


def test_the_text_survives(files: list[Path]) -> None:
    from invoicebatch.formats.pdf.compare import document_text

    text = document_text(merge(titles(files), files, "All"))
    for number in titles(files):
        assert number in text


def test_batches_keep_the_order() -> None:
    jobs: list[Any] = list(merge_jobs(list("abcde"), [Path(c) for c in "abcde"], size=2))
    assert [job.titles for job in jobs] == [("a", "b"), ("c", "d"), ("e",)]
