"""The command line in this process: what a command answers, without waiting for a new one to start."""

import contextlib
import io
import os
import subprocess
from pathlib import Path
from unittest import mock

from invoicebatch.interfaces.cli import main


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
