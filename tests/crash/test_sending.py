"""Mails and sudden death: whatever dies when, no mail goes out twice, none is forgotten, doubts are listed."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from invoicebatch.engine.base import clock
from tests.commands import command as in_this_process
from tests.delivery.mail.mailserver import Script, mail_server
from tests.engine.sending import configure, outbox, statuses, with_documents
from tests.waiting import LIMIT, until

ROOT = Path(__file__).resolve().parents[2]
COUNT = 6


def command(workspace, *arguments, **variables):
    return subprocess.Popen(
        [sys.executable, "-m", "invoicebatch", *arguments, "-w", str(workspace.root)],
        env={**os.environ, "PYTHONPATH": str(ROOT), **variables},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def send(workspace, *options, **variables):
    return command(workspace, "run", "send_via.preferred", "--all", "--yes", *options, **variables)


def finish(workspace):
    done = in_this_process(workspace.root, "resume")
    assert done.returncode in (0, 3, 4), done.stderr


def connect(workspace, port, connections=2):
    text = f'[mail]\ntransport = "smtp"\nhost = "127.0.0.1"\nport = {port}\nsecurity = "none"\n'
    return configure(workspace, text + f"connections = {connections}\nwait_seconds = 0.05\n")


def check(workspace, script, connections):
    """The promise: at most one mail an invoice, every invoice accounted for, doubts listed and few."""
    received = Counter(script.recipients())
    assert max(received.values(), default=0) <= 1, "a mail went out twice"
    box = outbox(workspace)
    if box.empty:
        return
    by_post = box["channel"] == "post"
    check_letters(workspace, box[by_post])
    box = box[~by_post]
    state = dict(zip(box["recipient"], box["status"].astype(str), strict=True))
    assert set(state.values()) <= {"sent", "in_doubt"}
    assert {to for to, status in state.items() if status == "sent"} <= set(received)
    assert set(received) <= set(state)
    doubts = [to for to, status in state.items() if status == "in_doubt"]
    assert len(doubts) <= connections, "only what was being handed over may be in doubt"
    found = statuses(workspace)
    assert found.get("sent", 0) == len(state) - len(doubts)
    assert found.get("sending", 0) == len(doubts) + by_post.sum()


def check_letters(workspace, box):
    """Each letter lies in one batch for the print house, and once; a batch that a death cut off is a doubt.

    The print house may have taken the batch away, so nobody can tell that it was not written.
    """
    indexes = (workspace.data / "post/in").glob("*/index.csv")
    letters = Counter(row for file in indexes for row in pd.read_csv(file)["message_id"])
    assert max(letters.values(), default=0) <= 1
    assert set(box["status"].astype(str)) <= {"accepted", "in_doubt"}
    accepted = set(box["message_id"][box["status"].astype(str) == "accepted"])
    assert accepted <= set(letters) <= set(box["message_id"])


def of_two_customers(workspace):
    """As many invoices of two customers in turn, one who is mailed and one who is sent a letter."""
    people = pd.DataFrame({"customer_id": ["S2"], "delivery_preference": ["post"]}).set_index("customer_id")
    workspace = with_documents(workspace, customers=people)
    with workspace.store.write() as session:
        rows = session.whole("invoices")[["invoice_id"]]
        session.update("invoices", rows.assign(customer_id=["S1", "S2"] * (COUNT // 2)), clock.now())
    return workspace


def die_combined_at(workspace, script, port, point):
    """A sending of one mail and one letter that dies at a point and is finished."""
    workspace = connect(of_two_customers(workspace), port)
    process = send(workspace, "--combine", "customer", INVOICEBATCH_CRASH_AT=str(point))
    process.communicate(timeout=LIMIT)
    finish(workspace)
    box = outbox(workspace).set_index("channel")
    if box.empty:  # it died before anybody was asked to send anything
        return process.returncode
    assert sorted(box.index) == ["email", "post"], "one message a customer"
    check_letters(workspace, box.loc[["post"]])
    assert len(script.inbox) <= 1
    state = str(box.loc["email", "status"])
    assert state in ("sent", "in_doubt")
    assert state == "in_doubt" or script.recipients() == ["p1@example.org"]
    in_hand = COUNT if state == "in_doubt" else COUNT // 2
    assert statuses(workspace).get("sending") == in_hand, "all rows of a message fare as it does"
    return process.returncode


def by_two_channels(workspace):
    """As many mails as there are invoices but for the last, which goes by post."""
    people = pd.DataFrame({"customer_id": [f"S{COUNT}"], "delivery_preference": ["post"]})
    return with_documents(workspace, customers=people.set_index("customer_id"))


def die_at(workspace, script, port, point):
    workspace = connect(workspace, port)
    process = send(workspace, INVOICEBATCH_CRASH_AT=str(point))
    _, errors = process.communicate(timeout=LIMIT)
    finish(workspace)
    check(workspace, script, connections=2)
    return process.returncode, errors


def points(make_workspace, tmp_path, customers=by_two_channels, *options):
    """Names of the fault points that a sending passes, in order."""
    trace = tmp_path / "trace"
    with mail_server(Script()) as port:
        workspace = connect(customers(make_workspace(COUNT, "traced", "created")), port)
        process = send(workspace, *options, INVOICEBATCH_FAULT_TRACE=str(trace))
        process.communicate(timeout=LIMIT)
    assert process.returncode == 0
    return [line.split()[1] for line in trace.read_text().splitlines()]


def test_death_of_a_mail_answered_but_not_noted(make_workspace, tmp_path):
    point = points(make_workspace, tmp_path).index("deliver.answered") + 1
    script = Script()
    with mail_server(script) as port:
        workspace = by_two_channels(make_workspace(COUNT, "answered", "created"))
        code, errors = die_at(workspace, script, port, point)
    assert code == -signal.SIGKILL, errors


def test_death_of_a_combined_message_answered_but_not_noted(make_workspace, tmp_path):
    script = Script()
    names = points(make_workspace, tmp_path, of_two_customers, "--combine", "customer")
    with mail_server(script) as port:
        workspace = make_workspace(COUNT, "combined", "created")
        code = die_combined_at(workspace, script, port, names.index("deliver.answered") + 1)
    assert code == -signal.SIGKILL


@pytest.mark.full
def test_death_of_a_combined_message_at_every_point(make_workspace, tmp_path):
    for point in range(
        1, len(points(make_workspace, tmp_path, of_two_customers, "--combine", "customer")) + 1
    ):
        script = Script()
        with mail_server(script) as port:
            die_combined_at(make_workspace(COUNT, f"combined-{point}", "created"), script, port, point)


@pytest.mark.full
def test_death_at_every_point(make_workspace, tmp_path):
    for point in range(1, len(points(make_workspace, tmp_path)) + 1):
        script = Script()
        with mail_server(script) as port:
            die_at(by_two_channels(make_workspace(COUNT, f"point-{point}", "created")), script, port, point)


@pytest.mark.full
def test_kill_9_in_the_middle_of_many_mails_again_and_again(make_workspace):
    script = Script(delay=0.005)
    chance = random.Random(7)
    with mail_server(script) as port:
        workspace = connect(with_documents(make_workspace(200, status="created")), port, connections=4)
        process = send(workspace)
        for goal in (20, 70, 120):
            until(lambda: len(script.inbox) >= goal, lambda: process.poll() is None)  # noqa: B023
            time.sleep(chance.random() * 0.01)
            process.kill()
            process.communicate()
            process = command(workspace, "resume")
        process.communicate(timeout=LIMIT)
        finish(workspace)
    received = Counter(script.recipients())
    assert max(received.values()) == 1
    box = outbox(workspace)
    doubts = set(box[box["status"] == "in_doubt"]["recipient"])
    assert len(doubts) <= 3 * 4
    assert set(received) | doubts == set(box["recipient"])
    assert set(box["status"].astype(str)) <= {"sent", "in_doubt"}


def test_an_interrupted_terminal_settles_what_was_begun(make_workspace):
    script = Script(delay=0.05)
    with mail_server(script) as port:
        workspace = connect(with_documents(make_workspace(40, status="created")), port)
        process = send(workspace)
        until(lambda: len(script.inbox) >= 5)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=LIMIT)
        assert "in_doubt" not in set(outbox(workspace)["status"].astype(str))
        finish(workspace)
    check(workspace, script, connections=2)
    assert statuses(workspace) == {"sent": 40}
