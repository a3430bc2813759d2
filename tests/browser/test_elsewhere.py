"""The same grid, unchanged, in marimo and in Voila."""

import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager

import pytest

from tests.browser.lab import ROOT, free_port

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


@contextmanager
def serving(command, port, folder):
    log = (folder / "server.log").open("w")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, "-m", *command], stdout=log, stderr=log, env=environment, start_new_session=True
    )
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(address, timeout=60).close()
                break
            except urllib.error.HTTPError as answer:
                if answer.code < 500:
                    break
            except OSError:
                if time.monotonic() > deadline or process.poll() is not None:
                    raise RuntimeError((folder / "server.log").read_text()) from None
                time.sleep(0.2)
        yield address
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(15)
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
        page.goto(address)
        rows = page.locator(".ib-body .ib-row")
        rows.first.wait_for(timeout=60_000)
        rows.nth(2).click()
        page.locator(".ib-summary strong", has_text="1 selected").wait_for(timeout=15_000)
        page.locator("[data-action=approve]").wait_for()
        page.close()


@pytest.mark.full
def test_the_command_lab_opens_the_overview(chromium, make_workspace, tmp_path):
    workspace, port = make_workspace(5), free_port()
    command = ["invoicebatch", "lab", "-w", str(workspace.root), "--no-browser", "--port", str(port)]
    with serving(command, port, tmp_path):
        for _ in range(100):
            found = re.search(
                rf"http://127\.0\.0\.1:{port}/lab/\S*token=\w+", (tmp_path / "server.log").read_text()
            )
            if found:
                break
            time.sleep(0.1)
        page = chromium.new_page()
        page.goto(found[0])
        page.locator(".jp-Cell").first.wait_for(timeout=60_000)
        assert "overview.ipynb" in page.url
        page.close()
