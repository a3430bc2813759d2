"""Messages that the other side refuses never end in exit code 0, whoever hands them over, and not while they wait."""

from collections.abc import Callable
from threading import Event

import pytest

from invoicebatch.interfaces.api import Workspace
from invoicebatch.interfaces.cli.main import run
from invoicebatch.interfaces.cli.run_action import exit_code
from tests.delivery.webserver import Service, web_service
from tests.engine.sending import configure, outbox, with_documents

Make = Callable[..., Workspace]
EXPORT = ("run", "export.external", "--all", "-p", "target=erp")


def asked(make: Make, service: Service) -> Workspace:
    text = f'[external.erp]\nkind = "http"\nurl = "{service.url}"\nattempts = 2\nwait_seconds = 0.01\n'
    return configure(with_documents(make(11, status="created")), text)


def call(workspace: Workspace, *arguments: str) -> int:
    return run([*arguments, "-w", str(workspace.root)])


@pytest.mark.parametrize("way", [[EXPORT], [(*EXPORT, "--background"), ("worker", "--once")]])
def test_the_last_command_says_that_all_failed(make_workspace: Make, way: list[tuple[str, ...]]) -> None:
    with web_service(lambda _: (500, b"oops")) as service:
        workspace = asked(make_workspace, service)
        *before, last = way
        assert [call(workspace, *one) for one in before] == [0] * len(before)
        assert call(workspace, *last) == 3
        assert set(outbox(workspace)["status"]) == {"failed"}
        messages = outbox(workspace)["message_id"]
        assert call(workspace, "outbox", "resend", "--status", "failed", "--yes") == 3
    assert len(outbox(workspace)) == len(messages)


@pytest.mark.parametrize(("background", "code"), [(False, 3), (True, 0)])
def test_what_is_not_answered_yet_is_not_complete(make_workspace: Make, background: bool, code: int) -> None:
    seen = []

    def answer(_: object) -> tuple[int, bytes]:
        report = workspace.runs.report(plan.run_id)
        seen.append((report.state, len(report.done), report.complete, exit_code(report)))
        return (500, b"oops")

    with web_service(answer) as service:
        workspace = asked(make_workspace, service)
        plan = workspace.select(all=True).plan("export.external", target="erp")
        report = plan.apply(background=background)
        if background:
            workspace.runs.work_on(plan.run_id, cancel=Event())
            report = workspace.runs.report(plan.run_id)
    assert set(seen) == {("running", 11, False, code)}  # done are the rows, not their messages
    assert (len(report.failed), exit_code(report)) == (11, 3)
