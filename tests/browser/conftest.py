"""Drive the real widget from real Chromium, without Jupyter.

The page imports the widget's own module and gives it a model; what the browser sends goes to the
Python object in this process, and what Python sends goes back. Python's sync Playwright runs no
callbacks while it waits inside a callback, so worker threads only queue, and `pump` delivers.
"""

import json
import shutil
import tempfile
from base64 import b64encode
from contextlib import contextmanager

import pytest
from playwright.sync_api import sync_playwright

from tests.waiting import LIMIT, until

FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
HOST = """
async ({esm, css, state}) => {
  document.head.append(Object.assign(document.createElement('style'), {textContent: css}));
  const listeners = {}, emit = (event, ...values) => (listeners[event] || []).forEach(f => f(...values));
  const view = text => new DataView(Uint8Array.from(atob(text), c => c.charCodeAt(0)).buffer);
  const model = window.__model = {
    get: key => state[key], set: (key, value) => { state[key] = value; }, save_changes: () => {},
    on: (event, f) => (listeners[event] ??= []).push(f),
    off: (event, f) => { listeners[event] = (listeners[event] || []).filter(x => x !== f); },
    send: content => call(content),
  };
  const deliver = outs => { for (const out of outs) {
    if (out.method === 'custom') emit('msg:custom', out.content, out.buffers.map(view));
    else { Object.assign(state, out.state); for (const key in out.state) emit('change:' + key); }
  } };
  const call = async content => deliver(JSON.parse(await window.__python(JSON.stringify(content))));
  window.__deliver = deliver;
  const module = (await import(URL.createObjectURL(new Blob([esm], {type: 'text/javascript'})))).default;
  window.__render = id => module.render({model, el: document.getElementById(id)});
  window.__stop = window.__render('root');
}"""


RECTANGLES = """all => all.filter(element => element.isConnected).map(element => {
  const {x, y, width, height} = element.getBoundingClientRect();
  return {x, y, width, height};
})"""


def rectangle(locator):
    """Where the first match is drawn, in CSS pixels; never of an element that a redraw has just replaced.

    Playwright's own `bounding_box` finds and measures in two steps, and gives `None` between two drawings.
    """
    found = []

    def measured():
        found[:] = locator.evaluate_all(RECTANGLES)
        return found or locator.page.wait_for_timeout(20)

    until(measured)
    return found[0]


@contextmanager
def started():
    """Chromium, without a window."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or "/usr/bin/chromium"
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        context = playwright.chromium.launch_persistent_context(
            folder,
            executable_path=path,
            headless=True,
            args=FLAGS,
            viewport={"width": 1280, "height": 860},
            locale="en-GB",
            timezone_id="Europe/Amsterdam",
            accept_downloads=True,
        )
        yield context
        context.close()


@pytest.fixture(scope="session")
def chromium():
    with started() as context:
        yield context


class FakeComm:
    """Takes what the widget sends; nothing is delivered before it is taken."""

    comm_id = "test"

    def __init__(self):
        self.out = []

    def send(self, data=None, metadata=None, buffers=None):
        self.out.append({**data, "buffers": buffers or []})

    def close(self, *_args, **_options):
        pass

    def on_msg(self, _callback):
        pass

    def on_close(self, _callback):
        pass

    def take(self):
        out, self.out = self.out, []
        return [_plain(one) for one in out if one.get("method") in ("custom", "update")]


def _plain(message):
    return json.loads(
        json.dumps({**message, "buffers": [b64encode(part).decode() for part in message["buffers"]]})
    )


def shown(chromium, widget, width=1280, height=860, dark=False, before="<div id=root></div>"):
    """A widget in a fresh page; `page.pump()` delivers what worker threads sent."""
    comm = FakeComm()
    widget.comm = comm
    page = chromium.new_page()
    page.set_viewport_size({"width": width, "height": height})
    page.emulate_media(color_scheme="dark" if dark else "light")
    page.set_default_timeout(LIMIT * 1000)
    page.errors = []
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    ground = "#111" if dark else "#fff"
    page.set_content(f"<title>Overview</title><body style='margin:16px;background:{ground}'>{before}</body>")

    def python(text):
        widget._handle_custom_msg(json.loads(text), [])
        return json.dumps(comm.take())

    def pump():
        widget.wait()
        page.evaluate("outs => window.__deliver(outs)", comm.take())

    def previewed():
        """Pump until the open dialog shows the preview of what its fields say now."""
        pump_until(lambda: page.locator("dialog .ib-preview[aria-busy=false]").count())

    def pump_until(condition):
        """Pump until something is to be seen."""

        def seen():
            page.pump()
            page.wait_for_timeout(20)
            return condition()

        until(seen)

    page.previewed, page.pump_until = previewed, pump_until
    page.expose_function("__python", python)
    page.pump = pump
    state = json.loads(
        json.dumps(
            {key: value for key, value in widget.get_state().items() if not key.startswith("_")},
            default=str,
        )
    )
    page.evaluate(HOST, {"esm": str(widget._esm), "css": str(widget._css), "state": state})
    return page


@pytest.fixture
def show(chromium):
    """`shown`, for a test: its pages are closed after it, and had no error."""
    pages = []

    def _show(widget, **options):
        pages.append(shown(chromium, widget, **options))
        return pages[-1]

    yield _show
    errors = [error for page in pages for error in page.errors]
    for page in pages:
        page.close()
    assert errors == []
