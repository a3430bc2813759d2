"""The picture of the README: `python -m tests.browser.screenshot docs/overview.png` over sample data."""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser import lab
from tests.browser.conftest import FLAGS


def shoot(target: Path, workspace: Path, *, dark: bool = False, size: tuple[int, int] = (1320, 860)) -> None:
    """Open the overview of a workspace in JupyterLab, select some rows, and take a picture."""
    folder = Path(tempfile.mkdtemp())
    with lab.server(workspace, folder) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch_persistent_context(
            str(folder / "chromium"), executable_path="/usr/bin/chromium", headless=True, args=FLAGS, locale="en-GB",
            viewport={"width": size[0], "height": size[1]},
        )  # fmt: skip
        page = browser.new_page()
        lab.open_notebook(page, address, "notebooks/overview.ipynb")
        if dark:
            theme = "() => window.jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Dark'})"
            page.evaluate(theme)
        lab.run_all(page)
        page.locator(".ib-body .ib-row").first.wait_for()
        page.wait_for_function(lab.IDLE)
        page.locator("[data-key=invoice_date] .ib-sort").click()
        page.locator("[data-key=invoice_date] .ib-sort").click()
        page.locator("[data-key=invoice_date][aria-sort=descending]").wait_for()
        page.locator(".ib-body .ib-row[data-index='2']").click()
        for index in (3, 5, 6, 7, 8):
            page.locator(f".ib-body .ib-row[data-index='{index}']").click(modifiers=["Control"])
        page.locator(".ib-summary strong", has_text="6 selected").wait_for()
        page.evaluate("() => document.querySelector('.jp-Cell').scrollIntoView()")
        page.mouse.move(5, 5)
        page.wait_for_timeout(600)
        page.screenshot(path=str(target))
        browser.close()


if __name__ == "__main__":
    from invoicebatch.interfaces.api import init_workspace
    from invoicebatch.interfaces.cli.main import run

    place = Path(tempfile.mkdtemp()) / "books"
    run(["init", str(place), "--sample"])
    init_workspace(place)
    shoot(Path(sys.argv[1]), place, dark="--dark" in sys.argv)
