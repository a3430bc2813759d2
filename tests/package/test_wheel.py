"""What people install: the wheel holds all that the program reads, and works where there is no repository."""

import os
import shlex
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from tests.test_readme import blocks

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("hatchling", reason="hatchling is not installed: pip install -e '.[test]'")
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder], cwd=ROOT, check=True
    )
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_holds_all_that_the_program_reads_and_nothing_else(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    shipped = {
        "rules": "invoicebatch/shipped/rules",
        "notebooks": "invoicebatch/shipped/notebooks",
        "invoicebatch": "invoicebatch",
    }
    expected = {
        f"{place}/{path.relative_to(ROOT / folder).as_posix()}"
        for folder, place in shipped.items()
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and not {"__pycache__", ".ipynb_checkpoints"} & set(path.parts)
    }
    about = {name for name in names if ".dist-info/" in name}
    assert names - about == expected
    assert wheel.stat().st_size < 3_000_000


def test_the_wheel_says_what_it_is(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        about = {
            name.rpartition("/")[2]: archive.read(name).decode()
            for name in archive.namelist()
            if ".dist-info/" in name
        }
    assert "invoicebatch = invoicebatch.interfaces.cli.main:main" in about["entry_points.txt"]
    assert f"Version: {PROJECT['version']}\n" in about["METADATA"]
    assert "Apache License" in about["LICENSE"]
    assert {f"Provides-Extra: {name}" for name in PROJECT["optional-dependencies"]} <= set(
        about["METADATA"].splitlines()
    )


@pytest.mark.full
def test_the_wheel_works_in_an_environment_of_its_own(wheel: Path, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    pip = [
        tmp_path / "venv" / "bin" / "python",
        "-m",
        "pip",
        "install",
        "--quiet",
        "-c",
        ROOT / "constraints.txt",
        wheel,
    ]
    subprocess.run(pip, check=True)
    kept = {
        key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "INVOICEBATCH_WORKSPACE")
    }
    there = tmp_path / "there"
    there.mkdir()

    def call(line: str) -> subprocess.CompletedProcess[str]:
        program, *arguments = shlex.split(line)
        where = tmp_path / "venv" / "bin" / program
        environment = {**kept, "HOME": str(tmp_path)}
        return subprocess.run(
            [where, *arguments], cwd=there, env=environment, capture_output=True, text=True, check=False
        )

    assert call("invoicebatch --version").stdout.strip() == PROJECT["version"]
    for line in (line for block in blocks("sh") for line in block.splitlines() if line.strip()):
        command, _, comment = line.partition("   # ")
        said = call(command)
        if "--notebook" in command:  # the kernel is an extra
            assert (said.returncode, "pip install 'invoicebatch[notebook]'" in said.stderr) == (2, True)
            continue
        assert said.returncode == (int(comment.split()[0]) if comment[:1].isdigit() else 0), (line, said)
    assert call("invoicebatch demo fresh --invoices 20").returncode == 0
    missing = call("invoicebatch lab")
    assert missing.returncode == 2
    assert "pip install 'invoicebatch[lab]'" in missing.stderr
    unchecked = call("invoicebatch run export.ubl --where \"status = 'created'\" --dry-run")
    assert unchecked.returncode == 2
    assert "pip install 'invoicebatch[einvoice]'" in unchecked.stderr
    installed = sum(file.stat().st_blocks * 512 for file in (tmp_path / "venv").rglob("*") if file.is_file())
    assert installed < 750 * 2**20, "what people install; see docs/operating/size.md"
