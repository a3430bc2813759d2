"""The command `lab`: JupyterLab in the workspace, opened at the invoice overview."""

import os
import sys
from importlib.util import find_spec
from typing import Annotated

from cyclopts import Parameter

from invoicebatch.errors import UsageError
from invoicebatch.files.layout import lay_out
from invoicebatch.files.platform import become
from invoicebatch.interfaces.cli.common import WorkspaceOption, opened

NOTEBOOK = "notebooks/overview.ipynb"


def lab(
    *,
    port: Annotated[int, Parameter(help="Port of the server; the next free one if taken")] = 8888,
    browser: Annotated[bool, Parameter(help="Open the browser")] = True,
    workspace: WorkspaceOption = None,
) -> int:
    """Open JupyterLab at the invoice overview."""
    ws = opened(workspace)
    for module in ("anywidget", "jupyterlab"):
        if find_spec(module) is None:
            raise UsageError(f"This needs {module}.", "Install it with: pip install 'invoicebatch[lab]'")
    if not (ws.root / NOTEBOOK).is_file():
        lay_out(ws.root)
    command = [
        sys.executable,
        "-m",
        "jupyterlab",
        f"--ServerApp.root_dir={ws.root}",
        f"--LabApp.default_url=/lab/tree/{NOTEBOOK}",
        f"--ServerApp.port={port}",
        *([] if browser else ["--no-browser"]),
        *(["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []),
    ]
    environment = {**os.environ, "INVOICEBATCH_WORKSPACE": str(ws.root)}
    return become(command, environment)
