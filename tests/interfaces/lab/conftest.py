"""Fixtures of the grid's kernel-side tests."""

import pytest

from invoicebatch.interfaces.lab.run_dialog import Runs
from invoicebatch.interfaces.lab.session import Session
from invoicebatch.interfaces.lab.workspace_backend import WorkspaceBackend
from tests.interfaces.lab.books import books


class Desk:
    """A session with its runs and all it said."""

    def __init__(self, backend):
        self.backend = backend
        self.state = {}
        self.sent = []
        self.session = Session(
            backend, self.state.__setitem__, lambda *one: self.sent.append(one), quiet_seconds=0
        )
        self.runs = Runs(self.session)
        self.session.ready()

    def say(self, kind, **message):
        """Handle a message and give the last answer of the kernel."""
        self.sent.clear()
        self.session.handle({"kind": kind, **message})
        self.runs.wait()
        self.session.bar.checks.wait()
        return self.sent[-1][0] if self.sent else None

    def run(self, action, typed="", **params):
        self.say("dialog", action=action)
        preview = self.say("preview", n=1, params=params)
        self.say("run", n=1, typed=typed or str(preview.get("eligible", "")))
        return self.state["run"]

    @property
    def bar(self):
        return self.state["bar"]

    @property
    def table(self):
        return self.state["table"]


@pytest.fixture(scope="session")
def overview(tmp_path_factory):
    """The rows of a grid, to be looked at only."""
    return WorkspaceBackend(books(tmp_path_factory.mktemp("books") / "books", 300)).load()


@pytest.fixture
def workspace(tmp_path):
    return books(tmp_path / "books", 300)


@pytest.fixture
def desk(workspace):
    return Desk(WorkspaceBackend(workspace))
