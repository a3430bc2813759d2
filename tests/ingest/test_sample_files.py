"""The committed sample: what the generator makes, and taken in by any workspace as it is."""

import subprocess
import sys
from pathlib import Path

from invoicebatch.ingest.intake import read_files

FOLDER = Path(__file__).parents[2] / "data" / "sample"


def test_the_files_are_what_the_generator_makes(tmp_path: Path) -> None:
    subprocess.run([sys.executable, FOLDER / "make.py", tmp_path], check=True)
    for file in FOLDER.glob("*.csv"):
        assert (tmp_path / file.name).read_bytes() == file.read_bytes()
    assert sum(file.stat().st_size for file in FOLDER.iterdir()) < 300_000


def test_all_of_it_can_be_imported() -> None:
    intake = read_files(sorted(FOLDER.glob("*.csv")))
    assert intake.refused.empty
    assert intake.doubted.empty
    assert intake.unused == []
    assert len(intake.frames["invoices"]) == 120
    assert {file.kind for file in intake.files} == {
        "accounts", "number_ranges", "customers", "mandates", "invoices", "lines", "measurements",
    }  # fmt: skip
