"""After a crash every channel of a run is judged by the log of that crash."""

from threading import Event

import pandas as pd

from invoicebatch.engine.deliver import deliver
from invoicebatch.engine.progress import Silent
from invoicebatch.files.handover import HandoverLog
from tests.engine.sending import outbox, with_documents


def test_handing_over_by_one_channel_does_not_forget_what_another_had_begun(make_workspace):
    """A record was cut off; a mail of the same run waits and goes first: the record stays in doubt."""
    workspace = with_documents(make_workspace(count=1, status="created"))
    report = workspace.apply(workspace.select(all=True).plan("send_via.email"))
    with workspace.store.write() as session:
        mail = session.whole("outbox")
        later = mail["created_at"] + pd.Timedelta(1, "h")
        session.insert(
            "outbox",
            mail.assign(message_id="cut-off", channel="external", recipient="ledger", status="handing_over",
                        invoice_id=pd.Series([None], dtype="Int64"), created_at=later),
        )  # fmt: skip
        session.update("outbox", mail[["message_id"]].assign(status="pending"), workspace.now())
    log = HandoverLog(workspace.data / "outbox" / f"{report.run_id}.log")
    log.begin_group()
    log.started(["cut-off"])
    log.close()
    deliver(workspace, report.run_id, Silent(), Event())
    states = outbox(workspace).set_index("message_id")["status"].astype("str")
    assert states["cut-off"] == "in_doubt"
    assert states[mail["message_id"].iloc[0]] == "sent"
