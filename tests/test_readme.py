"""The README tells the truth: its commands run, in order, on a new workspace; its tables are current."""

import re
import runpy
import shlex
from pathlib import Path

import pytest

from invoicebatch.interfaces.cli.main import run

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.DOTALL | re.MULTILINE)


def test_the_commands_run_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    lines = [line for block in blocks("sh") for line in block.splitlines() if line.strip()]
    assert len(lines) > 10
    for line in lines:
        command, _, comment = line.partition("   # ")
        program, *arguments = shlex.split(command)
        assert program == "invoicebatch"
        expected = int(comment.split()[0]) if comment and comment.split()[0].isdigit() else 0
        assert run(arguments) == expected, f"{line}\n{capsys.readouterr()}"
    for block in blocks("python"):
        exec(compile(block, "README.md", "exec"), {})


def test_the_table_of_actions_is_current() -> None:
    derived = runpy.run_path(str(ROOT / "docs" / "generate.py"))
    assert derived["readme"]() == README, "write it anew with: make docs"


def test_linked_files_exist() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert "://" in target or (ROOT / target).exists(), target
