"""The same grid, unchanged, in marimo and in Voila."""

import os
import re
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager

import pytest

from tests.browser.lab import ROOT, ready
from tests.waiting import LIMIT, until

APP = """import marimo

app = marimo.App()


@app.cell
def _():
    import invoicebatch as ib

    grid = ib.open({root!r}).overview()
    grid
    return


if __name__ == "__main__":
    app.run()
"""


def free_port():
    """A port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@contextmanager
def serving(command, port, folder):
    log = (folder / "server.log").open("w")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, "-m", *command], stdout=log, stderr=log, env=environment, start_new_session=True
    )
    address = f"http://127.0.0.1:{port}"
    try:
        ready(address, process, folder / "server.log")
        yield address
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(LIMIT)
        log.close()


@pytest.mark.full
@pytest.mark.parametrize("place", ["marimo", "voila"])
def test_select_shows_the_bar(chromium, make_workspace, tmp_path, place):
    workspace, port = make_workspace(30), free_port()
    if place == "marimo":
        (tmp_path / "app.py").write_text(APP.format(root=str(workspace.root)))
        command = ["marimo", "run", str(tmp_path / "app.py"), "--headless", "--no-token", "-p", str(port)]
    else:
        notebook = str(workspace.root / "notebooks" / "overview.ipynb")
        command = ["voila", notebook, "--no-browser", f"--port={port}"]
    with serving(command, port, tmp_path) as address:
        page = chromium.new_page()
        page.set_default_timeout(LIMIT * 1000)
        page.goto(address)
        rows = page.locator(".ib-body .ib-row")
        rows.first.wait_for()
        rows.nth(2).click()
        page.locator(".ib-summary strong", has_text="1 selected").wait_for()
        page.locator("[data-action=approve]").wait_for()
        page.close()


@pytest.mark.full
def test_the_command_lab_opens_the_overview(chromium, make_workspace, tmp_path):
    workspace, port = make_workspace(5), free_port()
    command = ["invoicebatch", "lab", "-w", str(workspace.root), "--no-browser", "--port", str(port)]
    with serving(command, port, tmp_path):
        link, log = re.compile(rf"http://127\.0\.0\.1:{port}/lab/\S*token=\w+"), tmp_path / "server.log"
        until(lambda: link.search(log.read_text()))
        page = chromium.new_page()
        page.set_default_timeout(LIMIT * 1000)
        page.goto(link.search(log.read_text())[0])
        page.locator(".jp-Cell").first.wait_for()
        assert "overview.ipynb" in page.url
        page.close()
