"""What readers of the documentation stumbled over on the command line."""

from collections.abc import Callable
from pathlib import Path

import pytest

from invoicebatch.interfaces.api import Workspace
from invoicebatch.interfaces.cli.main import run


@pytest.mark.parametrize(
    ("action", "amount", "meant"),
    [
        ("assign.payment_plan", "12,50", "12.50"),
        ("assign.payment_plan", "1.250,00", "1250.00"),
        ("credit", "21:50,00", "21:50.00"),
    ],
)
def test_a_decimal_comma_is_answered_by_the_number_as_it_is_written_here(
    make_workspace: Callable[..., Workspace],
    capsys: pytest.CaptureFixture[str],
    action: str,
    amount: str,
    meant: str,
) -> None:
    where = str(make_workspace(1).root)
    assert run(["run", action, "--ids", "1", "--amount", amount, "--dry-run", "-w", where]) == 2
    said = capsys.readouterr().err
    assert "point" in said
    assert meant in said


def test_a_comma_between_thousands_is_refused_without_a_number_that_was_not_meant(
    make_workspace: Callable[..., Workspace], capsys: pytest.CaptureFixture[str]
) -> None:
    where = str(make_workspace(1).root)
    action = ["run", "assign.payment_plan", "--ids", "1", "--amount", "1,250"]
    assert run([*action, "--dry-run", "-w", where]) == 2
    said = capsys.readouterr().err
    assert "1,250" in said
    assert "1.250" not in said


def test_completion_written_to_a_file_touches_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert run(["--install-completion", "--shell", "bash", "-o", str(tmp_path / "own.sh")]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["own.sh"]
    assert "invoicebatch" in (tmp_path / "own.sh").read_text()
    assert "nothing else was changed" in capsys.readouterr().out


def test_our_template_is_copied_to_start_from_and_what_is_there_stays(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / "templates" / "ours"
    (own / "texts").mkdir(parents=True)
    (own / "texts" / "nl.toml").write_text("[intro]\n")
    assert run(["template", "copy", str(own), "--only", "parts/page.typ"]) == 0
    assert [path.name for path in own.rglob("*.typ")] == ["page.typ"]
    assert run(["template", "copy", str(own)]) == 0
    assert "2 files that were there are left alone" in capsys.readouterr().out
    assert (own / "texts" / "nl.toml").read_text() == "[intro]\n"
    assert {"README.md", "invoice.typ", "template.toml"} <= {path.name for path in own.iterdir()}
    assert run(["template", "copy", str(own), "--only", "nothing.typ"]) == 2
    assert "parts/page.typ" in capsys.readouterr().err
