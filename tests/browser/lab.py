"""A real JupyterLab for tests: a server on a port of its choice, notebooks opened and run in Chromium."""

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.waiting import LIMIT, until

ROOT = Path(__file__).parents[2]
OPTIONS = [
    "--no-browser",
    "--allow-root",
    "--IdentityProvider.token=",
    "--ServerApp.password=",
    "--ServerApp.disable_check_xsrf=True",
    "--LabApp.expose_app_in_browser=True",
    "--LabApp.news_url=None",
]
IDLE = "() => window.jupyterapp?.shell?.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'"


@contextmanager
def server(folder: Path, settings: Path):
    """JupyterLab serving a folder; gives its address."""
    (settings / "overrides.json").write_text(
        json.dumps(
            {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False}}
        )
    )
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]),
        "JUPYTERLAB_SETTINGS_DIR": str(settings / "user"),
        "JUPYTER_CONFIG_DIR": str(settings / "config"),
        "JUPYTER_DATA_DIR": str(settings / "data"),
        "JUPYTER_RUNTIME_DIR": str(settings / "runtime"),
        "IPYTHONDIR": str(settings / "ipython"),
    }
    command = [
        sys.executable,
        "-m",
        "jupyterlab",
        *OPTIONS,
        "--port=0",
        f"--ServerApp.root_dir={folder}",
    ]
    command.append(f"--LabServerApp.app_settings_dir={settings}")
    log = (settings / "server.log").open("w")
    process = subprocess.Popen(command, stdout=log, stderr=log, env=environment, start_new_session=True)
    try:
        until(lambda: _port(settings / "runtime"), lambda: process.poll() is None)
        assert process.poll() is None, (settings / "server.log").read_text()
        address = f"http://127.0.0.1:{_port(settings / 'runtime')}"
        ready(f"{address}/api/status", process, settings / "server.log")
        yield address
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(LIMIT)
        log.close()


def _port(runtime):
    """The port that the server says it listens on, or nothing yet."""
    for file in runtime.glob("jpserver-*.json"):
        with suppress(ValueError):  # half written
            return json.loads(file.read_text())["port"]
    return None


def answers(address):
    """Whether a server answers there, with whatever but a fault of its own."""
    try:
        urllib.request.urlopen(address, timeout=LIMIT).close()
    except urllib.error.HTTPError as answer:
        return answer.code < 500
    except OSError:
        return False
    return True


def ready(address, process, log):
    """Wait until a server answers."""
    until(lambda: answers(address), lambda: process.poll() is None)
    assert process.poll() is None, log.read_text()


def write_notebook(path: Path, cells: list[str]):
    """A notebook of code cells."""
    cells = [
        {
            "cell_type": "code",
            "id": f"c{n}",
            "metadata": {},
            "source": text,
            "outputs": [],
            "execution_count": None,
        }
        for n, text in enumerate(cells)
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    path.write_text(
        json.dumps({"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5})
    )


def open_notebook(page, address, name):
    """Open a notebook alone, its kernel ready."""
    page.goto(f"{address}/doc/tree/{name}?reset")
    page.wait_for_selector(".jp-NotebookPanel-notebook .jp-Cell", timeout=LIMIT * 1000)
    page.wait_for_function(IDLE, timeout=LIMIT * 1000)


def run_all(page):
    """Run all cells and wait for the kernel."""
    page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells'); }")


def save(page):
    """Save the notebook."""
    page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
