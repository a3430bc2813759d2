"""Which version of its document a message carries, and whether a newer one was made since."""

import pandas as pd

from invoicebatch.store import Session


def with_versions(session: Session, messages: pd.DataFrame) -> pd.DataFrame:
    """The messages, a row a document, with what they carry: `action` of their run, `version` and `newest` Int64.

    A document can't change while a run holds it, so a message carries the version there was when its
    run began, also where it is sent again; missing: no document of ours.

    Args:
        session: an open session.
        messages: message_id, run_id, invoice_id of the outbox; see `by_document`.
    """
    runs = session.rows_of("runs", "run_id", messages["run_id"]).set_index("run_id")
    ids = messages["invoice_id"].dropna().astype("int64")
    documents = session.rows_of("documents", "invoice_id", ids)[
        ["invoice_id", "document_version", "created_at"]
    ]
    asked = messages[["message_id", "invoice_id"]].assign(begun=messages["run_id"].map(runs["created_at"]))
    made = asked.dropna(subset="invoice_id").merge(documents, on="invoice_id")
    carried = made[made["created_at"] <= made["begun"]].groupby(["message_id", "invoice_id"])
    version = carried["document_version"].max().rename("version").reset_index()
    newest = documents.groupby("invoice_id")["document_version"].max()
    found = messages.merge(version, on=["message_id", "invoice_id"], how="left")
    return found.assign(
        action=found["run_id"].map(runs["action"]).astype("str"),
        version=found["version"].astype("Int64"),
        newest=found["invoice_id"].map(newest).astype("Int64"),
    )
