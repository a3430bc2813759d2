"""The command line in this process: what a command answers, without waiting for a new one to start."""

import contextlib
import io
import os
import subprocess
import sys
from pathlib import Path
from unittest import mock

from invoicebatch.interfaces.cli import main
from tests.waiting import LIMIT


def command(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder, and give its exit code and what it wrote."""
    out, err = io.StringIO(), io.StringIO()
    with (
        contextlib.chdir(folder),
        mock.patch.dict(os.environ, environment),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        code = main.run(list(arguments))
    return subprocess.CompletedProcess(arguments, code, out.getvalue(), err.getvalue())


def killed_at(point: int, *arguments: str) -> None:
    """Run a command in a process of its own that is killed at its n-th fault point."""
    code = "import sys; from invoicebatch.interfaces.cli.main import main; main(sys.argv[1:])"
    died = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={**os.environ, "INVOICEBATCH_CRASH_AT": str(point)}, capture_output=True, check=False,
        timeout=LIMIT,
    )  # fmt: skip
    assert died.returncode == -9, died.stderr
