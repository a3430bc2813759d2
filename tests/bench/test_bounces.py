"""A mailbox of ten thousand bounces, read by IMAP in a process of its own: each of a mail of ours."""

import os
import subprocess
import sys

import pandas as pd
import pytest

from invoicebatch.engine.base import clock
from invoicebatch.engine.run.record import Record, record
from invoicebatch.model.outbox.payload import EmailPayload
from invoicebatch.model.outbox.rows import outbox_rows
from tests.delivery.mail.dovecot import IMAP_PASSWORD, dovecot
from tests.delivery.mail.test_bounces import DSN, ID
from tests.engine.sending import configure, statuses, with_documents

BOUNCES = 10_000

_MEASURE = """
import sys, time
from pathlib import Path
from invoicebatch.interfaces.api import Workspace
workspace = Workspace(Path(sys.argv[1]))
wall, cpu = time.monotonic(), time.process_time()
reports = workspace.poll_bounces()
print(len(reports), time.monotonic() - wall, time.process_time() - cpu)
print(open("/proc/self/status").read().split("VmHWM:")[1].split()[0])
"""


def sent(workspace):
    """The mails of a run, as they are once they were sent."""
    with workspace.store.write() as session:
        ids = session.whole("invoices")["invoice_id"]
        record(session, Record("run", "send_via.email", "all", "somebody", {}), ids)
        payload = EmailPayload(
            sender="a@b.example", from_name="A", subject="Invoice", text="Please find it attached."
        )
        mails = outbox_rows("run", [(i, f"p{i}@example.org", payload) for i in ids.tolist()])
        now = clock.now()
        session.insert("outbox", mails.assign(status="sent", attempts=1, created_at=now, updated_at=now))
        session.update("invoices", pd.DataFrame({"invoice_id": ids, "shipping_status": "sent"}), now)
    return mails


def bounce(message_id: str, recipient: str) -> bytes:
    told = DSN.replace(ID.encode(), message_id.encode()).replace(b"ada@example.org", recipient.encode())
    return told.replace(b"1.bounce", f"{message_id}.bounce".encode())


@pytest.mark.bench
def test_a_mailbox_of_ten_thousand_bounces(make_workspace) -> None:
    workspace = with_documents(make_workspace(BOUNCES, status="created"))
    mails = sent(workspace)
    with dovecot() as server:
        found = zip(mails["message_id"], mails["recipient"], strict=True)
        server.give({message_id: bounce(message_id, to) for message_id, to in found})
        setting = f'[mail.bounces]\nhost = "localhost"\nport = {server.tls_port}\nuser = "billing"\n'
        workspace = configure(workspace, setting + f'ca_file = "{server.base}/cert.pem"\n')
        command = [sys.executable, "-c", _MEASURE, str(workspace.root)]
        environment = {**os.environ, "INVOICEBATCH_BOUNCES_PASSWORD": IMAP_PASSWORD}
        told = subprocess.run(
            command, capture_output=True, text=True, check=True, env=environment
        ).stdout.split()
    assert statuses(workspace) == {"failed": BOUNCES}
    print(
        f"\n{BOUNCES:,} bounces: {float(told[1]):.1f} s, {float(told[2]):.1f} s of CPU, {int(told[3]) >> 10} MB at most"
    )
