"""The overview in a real JupyterLab beside other grids: run to rows, click to bar, select all, scroll, filter, sort.

The other grids are measured where they are installed (`pip install ipydatagrid itables`), in the same run on
the same machine: `python -m pytest -m bench -s tests/bench/test_grid.py`. Figures beside each other say
more than one alone, which the machine's load moves.
"""

import os
import time
from importlib.util import find_spec

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import sync_playwright

from invoicebatch.interfaces.api import init_workspace
from tests.browser import lab
from tests.browser.conftest import FLAGS
from tests.conftest import small_frames

pytestmark = pytest.mark.bench

HEARD = """const Plain = WebSocket; window.__heard = 0;
    window.WebSocket = class extends Plain { constructor(...all) { super(...all);
        this.addEventListener('message', event => { const data = event.data; window.__heard += data.byteLength ?? data.size ?? data.length; }); } };"""
SEEN = """selector => { window.__seen = 0; const look = () => {
    const found = document.querySelector(selector);
    if (found && (found.tagName === 'CANVAS' || found.textContent.trim())) window.__seen = performance.now();
    else requestAnimationFrame(look); }; look(); }"""
CLICKED = """() => { window.__bar = 0; addEventListener('pointerdown', () => { window.__down = performance.now(); window.__bar = 0; }, true);
    new MutationObserver(() => { if (!window.__bar) window.__bar = performance.now() - window.__down; })
        .observe(document.querySelector('.ib-summary'), {childList: true}); }"""
DRAWN = """() => { window.__drawn = 0; const canvas = document.querySelector('.jp-OutputArea-output canvas');
    const all = () => { const found = [...document.querySelectorAll('.jp-OutputArea-output canvas')].filter(one => one.width && one.height);
        return found.map(one => { const data = one.getContext('2d').getImageData(0, 0, Math.min(one.width, 500), Math.min(one.height, 300)).data;
            let sum = 0; for (let at = 0; at < data.length; at += 4) sum = (sum * 31 + data[at] + data[at + 3]) >>> 0; return sum; }).join(); };
    const before = all(), start = performance.now();
    const look = () => { if (all() !== before) window.__drawn = performance.now() - start; else requestAnimationFrame(look); }; look(); }"""
WRITTEN = """() => [...document.querySelectorAll('.jp-OutputArea-output canvas')].some(one => { if (!one.width || !one.height) return false;
    const data = one.getContext('2d').getImageData(0, 0, Math.min(one.width, 500), Math.min(one.height, 300)).data;
    let dark = 0; for (let at = 0; at < data.length; at += 4) if (data[at + 3] > 100 && data[at] < 110) dark++; return dark > 200; })"""
JUMP = """() => { const port = document.querySelector('.ib-port'), t0 = performance.now(); window.__jump = 0;
    port.scrollTop = port.scrollHeight * 0.6;
    const look = () => { const row = document.querySelector('.ib-body .ib-row:not([hidden]) .ib-first');
        if (row.dataset.loaded === 'true' && +row.parentElement.dataset.index > 1000) window.__jump = performance.now() - t0;
        else requestAnimationFrame(look); }; setTimeout(look, 20); }"""


def _workspace(folder, rows):
    workspace = init_workspace(folder / f"books{rows}")
    rng = np.random.default_rng(3)
    frames = small_frames(rows)
    frames.pop("lines")
    frames["invoices"]["status"] = rng.choice(["empty", "approved", "created"], rows)
    frames["invoices"]["total_cents"] = rng.integers(100, 1_000_000, rows)
    frames["customers"] = pd.DataFrame(
        {
            "customer_id": [f"K{i}" for i in range(rows // 10)],
            "name": [f"Customer {i}" for i in range(rows // 10)],
        }
    )
    frames["invoices"]["customer_id"] = [f"K{i}" for i in rng.integers(0, rows // 10, rows)]
    with workspace.store.write() as session:
        for table, frame in frames.items():
            session.insert(table, frame)
    return workspace


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lab")
    with lab.server(folder, tmp_path_factory.mktemp("settings")) as address:
        yield folder, address


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            str(tmp_path_factory.mktemp("chromium")), executable_path="/usr/bin/chromium", headless=True, args=FLAGS,
            viewport={"width": 1400, "height": 900},
        )  # fmt: skip
        yield context
        context.close()


def _run(browser, served, name, cells, selector):
    """Milliseconds from running the second cell to the first rows on screen."""
    folder, address = served
    lab.write_notebook(folder / name, cells)
    page = browser.new_page()
    page.add_init_script(HEARD)
    page.set_default_timeout(900_000)
    lab.open_notebook(page, address, name)
    page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-cell-and-select-next')")
    page.wait_for_timeout(500)
    page.wait_for_function(lab.IDLE)
    page.evaluate("() => { window.__heard = 0; }")
    page.evaluate(SEEN, selector)
    start = page.evaluate(
        "() => { window.__t0 = performance.now(); window.jupyterapp.commands.execute('notebook:run-cell-and-select-next'); return window.__t0; }"
    )
    page.wait_for_function("() => window.__seen")
    return page, page.evaluate("() => window.__seen") - start


def _overview(browser, served, rows):
    folder, _ = served
    made = time.perf_counter()
    workspace = _workspace(folder, rows)
    print(f"\nworkspace of {rows:,}: {time.perf_counter() - made:.1f} s")
    cells = [
        f"import invoicebatch as ib, pandas, pyarrow.compute, anywidget\nfrom invoicebatch.interfaces.lab.widget import Overview\nws = ib.open({str(workspace.root)!r})",
        "grid = ws.overview()\ngrid",
    ]
    page, first = _run(browser, served, f"overview{rows}.ipynb", cells, ".ib-body .ib-row .ib-first")
    start = time.perf_counter()
    page.wait_for_function("() => !document.querySelector('.ib-summary').textContent.includes('Loading')")
    figures = {"first rows": first, "all rows in": first + (time.perf_counter() - start) * 1000}
    figures["kB to first rows"] = page.evaluate("() => window.__heard / 1000")
    page.wait_for_function(lab.IDLE)
    page.evaluate(CLICKED)
    clicks = []
    for index in (1, 3, 5, 7, 9):
        page.locator(f".ib-body .ib-row[data-index='{index}'] .ib-cell").nth(2).click()
        page.wait_for_function("() => window.__bar")
        page.wait_for_timeout(120)
        clicks.append(page.evaluate("() => window.__bar"))
    figures["click to bar"] = float(np.median(clicks))
    page.get_by_label("Select all that match").click()
    page.wait_for_function("() => window.__bar")
    figures["select all with counts"] = page.evaluate("() => window.__bar")
    page.evaluate(JUMP)
    page.wait_for_function("() => window.__jump")
    figures["jump scroll"] = page.evaluate("() => window.__jump")
    start = time.perf_counter()
    page.get_by_label("Search invoices").fill("customer 42")
    page.wait_for_function("() => document.querySelector('.ib-footer').textContent.includes(' of ')")
    figures["filter (160 of it waiting for more typing)"] = (time.perf_counter() - start) * 1000
    start = time.perf_counter()
    page.locator("[data-key=total_cents] .ib-sort").click()
    page.locator("[data-key=total_cents][aria-sort=ascending]").wait_for()
    figures["sort"] = (time.perf_counter() - start) * 1000
    figures["kB in all"] = page.evaluate("() => window.__heard / 1000")
    page.close()
    return figures


def _frame(served, rows):
    """Code that reads the rows as the overview shows them."""
    root = str(served[0] / f"books{rows}")
    names = ["number", "customer_name", "status", "shipping_status", "payment_status", "export_status", "invoice_date", "due_date", "total_cents", "outstanding_cents"]  # fmt: skip
    read = f"import invoicebatch as ib, pandas as pd\nframe = ib.open({root!r}).select(all=True).columns({names})"
    plain = "frame = pd.DataFrame({c: frame[c] if c.endswith('cents') else frame[c].astype('str') for c in frame.columns})"
    return f"{read}\n{plain}"


def _by_cell(page):
    """Milliseconds from running the next cell until another picture is drawn."""
    page.wait_for_function(lab.IDLE)
    page.wait_for_timeout(500)
    page.evaluate(DRAWN)
    page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-cell-and-select-next')")
    page.wait_for_function("() => window.__drawn")
    return page.evaluate("() => window.__drawn")


def _datagrid(browser, served, rows):
    """The same of ipydatagrid, which draws on a canvas; what a person would click is asked by code."""
    cells = [
        f"import ipydatagrid\n{_frame(served, rows)}",
        "grid = ipydatagrid.DataGrid(frame, selection_mode='row')\ngrid",
        f"grid.select(0, 0, {rows - 1}, 9)",
        "grid.clear_selection(); grid.transform([{'type': 'filter', 'operator': '=', 'columnIndex': 3, 'value': 'approved'}])",
        "grid.transform([{'type': 'sort', 'columnIndex': 9, 'desc': False}])",
    ]
    page, _ = _run(browser, served, f"datagrid{rows}.ipynb", cells, ".jp-OutputArea-output canvas")
    page.wait_for_function(WRITTEN)
    figures = {"first rows": page.evaluate("() => performance.now() - window.__t0")}
    figures["all rows in"] = figures["first rows"]
    figures["kB to first rows"] = page.evaluate("() => window.__heard / 1000")
    figures["select all with counts"] = _by_cell(page)
    box = page.locator(".jp-OutputArea-output canvas").first.bounding_box()
    page.mouse.move(box["x"] + 100, box["y"] + 100)
    page.evaluate(DRAWN)
    page.mouse.wheel(0, 10 * rows)
    page.wait_for_function("() => window.__drawn")
    figures["jump scroll"] = page.evaluate("() => window.__drawn")
    figures["filter (160 of it waiting for more typing)"] = _by_cell(page)
    figures["sort"] = _by_cell(page)
    figures["kB in all"] = page.evaluate("() => window.__heard / 1000")
    page.close()
    return figures


@pytest.mark.parametrize("rows", [100_000, 1_000_000])
def test_overview_beside_ipydatagrid(browser, served, rows):
    before = os.getloadavg()[0]
    ours = _overview(browser, served, rows)
    theirs = _datagrid(browser, served, rows) if find_spec("ipydatagrid") else {}
    print(
        f"\n{rows:,} rows, load {before:.1f} to {os.getloadavg()[0]:.1f}; ms, or kB received; ours, ipydatagrid, ratio"
    )
    for name, value in ours.items():
        other = f"{theirs[name]:9.0f} {theirs[name] / value:7.1f}" if name in theirs else ""
        print(f"  {name:<45} {value:9.0f} {other}")
    assert ours["first rows"] > 0


OTHERS = {
    "itables": (
        "import itables\nitables.init_notebook_mode(connected=False)",
        "itables.show(frame, maxBytes=0)",
        "table.dataTable tbody tr td",
    ),
}


@pytest.mark.parametrize("name", OTHERS)
def test_others_at_100000_rows(browser, served, name):
    if find_spec(name) is None:
        pytest.skip(f"{name} is not installed, so it was not measured")
    imports, show, selector = OTHERS[name]
    cells = [f"{imports}\n{_frame(served, 100_000)}", show]
    page, first = _run(browser, served, f"{name}.ipynb", cells, selector)
    print(f"\n    100,000 rows  {name:<45} {first:7.0f} ms to the first rows")
    page.close()
    assert first > 0
