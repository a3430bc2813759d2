"""The worker as a process: killed, stopped and started again it loses nothing and does nothing twice."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

from tests.delivery.mail.mailserver import Script, mail_server
from tests.engine.sending import configure, statuses, with_documents
from tests.waiting import LIMIT, until

ROOT = Path(__file__).resolve().parents[2]


def worker(workspace, *arguments):
    return subprocess.Popen(
        [sys.executable, "-m", "invoicebatch", "worker", *arguments, "-w", str(workspace.root)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def sending(make_workspace, port, count):
    text = f'[mail]\ntransport = "smtp"\nhost = "127.0.0.1"\nport = {port}\nsecurity = "none"\n[worker]\npoll_seconds = 0.1\n'
    workspace = configure(with_documents(make_workspace(count, status="created")), text)
    plan = workspace.select(all=True).plan("send_via.email")
    assert workspace.runs.apply(plan, background=True).state == "queued"
    return workspace, plan.run_id


def test_a_killed_worker_is_followed_by_one_that_finishes_its_run(make_workspace):
    script = Script(delay=0.02)
    with mail_server(script) as port:
        workspace, run_id = sending(make_workspace, port, 60)
        first = worker(workspace)
        until(lambda: len(script.inbox) >= 15)
        first.kill()
        first.communicate()
        second = worker(workspace, "--once")
        _, said = second.communicate(timeout=LIMIT)
    in_doubt = len(workspace.outbox.list(status="in_doubt"))
    assert second.returncode == (3 if in_doubt else 0), said
    assert workspace.runs.report(run_id).state == "finished"
    assert max(Counter(script.recipients()).values()) == 1
    found = statuses(workspace)
    assert found.get("sending", 0) <= 2
    assert found["sent"] + found.get("sending", 0) == 60
    assert in_doubt == found.get("sending", 0)


def test_sigterm_stops_between_messages_and_the_next_worker_goes_on(make_workspace):
    script = Script(permits=threading.Semaphore(10))
    with mail_server(script) as port:
        workspace, run_id = sending(make_workspace, port, 60)
        first = worker(workspace)
        until(lambda: len(script.inbox) >= 10)
        first.send_signal(signal.SIGTERM)
        while first.poll() is None:  # what is at hand may end; there is more than it can take meanwhile
            script.permits.release()
            time.sleep(1)
        _, said = first.communicate()
        assert first.returncode == 0, said
        assert "stopped after" in said
        assert workspace.runs.report(run_id).state == "interrupted"
        assert workspace.outbox.list(status="in_doubt").empty
        script.permits.release(60)
        second = worker(workspace, "--once")
        second.communicate(timeout=LIMIT)
    assert statuses(workspace) == {"sent": 60}
    assert Counter(script.recipients()).most_common(1)[0][1] == 1
