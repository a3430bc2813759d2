"""Erasing a customer (GDPR Art. 17): what no law keeps goes, the rest is named with its law and its last day.

Nothing goes while business is open: a document that is not issued, an amount outstanding, a message under way.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd

from invoicebatch.engine.base import clock
from invoicebatch.engine.base.workspace_base import WorkspaceBase
from invoicebatch.engine.retention import with_terms
from invoicebatch.errors import NothingEligibleError, UnknownNameError
from invoicebatch.files.publish import sha256_of
from invoicebatch.files.stored import stored_path
from invoicebatch.model.contact.mailbox import addresses_in
from invoicebatch.model.counted import counted
from invoicebatch.model.outbox.payload import EmailPayload
from invoicebatch.model.outbox.rows import by_document
from invoicebatch.model.status import OutboxStatus
from invoicebatch.store import Session

CONTACT: Final = (
    "contact_name", "email", "phone", "iban", "bic", "account_holder", "address_before", "iban_before",
)  # fmt: skip
"""Columns of a customer that no kept document needs; name, address and tax numbers stand on it."""

_ENDED: Final = (OutboxStatus.SENT, OutboxStatus.FAILED)


@dataclass(frozen=True)
class Erasure:
    """What erasing a customer does.

    Attributes:
        customer_id: who.
        gone: documents that go: invoice_id int64, number str.
        kept: documents that stay: invoice_id int64, number, reason str (the law, the last day).
        contact: the customer's columns that are emptied, where some of it stays.
        texts: values that may not be read in events and parameters any more.
        mails: messages of kept documents whose text and address go.
        files: path and sha256 of the files that go.
        bundles: bundles whose bank file goes.
        elsewhere: what still holds the customer and is not touched: path, what str.
    """

    customer_id: str
    gone: pd.DataFrame
    kept: pd.DataFrame
    contact: tuple[str, ...]
    texts: tuple[str, ...]
    mails: pd.DataFrame
    files: pd.DataFrame
    bundles: tuple[str, ...]
    elsewhere: pd.DataFrame

    @property
    def words(self) -> str:
        """In a line."""
        parts = [f"{counted(len(self.gone), 'document')} erased, {len(self.kept):,} kept"]
        parts += [f"{counted(len(self.files), 'file')} removed"] if len(self.files) else []
        return f"customer {self.customer_id}: " + ", ".join(parts)

    def to_dict(self) -> dict[str, Any]:
        """As the command line's JSON."""
        return {
            "customer_id": self.customer_id,
            "erased": self.gone.to_dict("records"),
            "kept": self.kept.to_dict("records"),
            "emptied": list(self.contact),
            "mails": len(self.mails),
            "files": self.files["path"].tolist(),
            "elsewhere": self.elsewhere.to_dict("records"),
        }


def judge(
    session: Session, workspace: WorkspaceBase, customer_id: str, parts: pd.DataFrame | None = None
) -> Erasure:
    """What erasing a customer would do now.

    Args:
        session: an open session that sees the archive, or whose `parts` are live again.
        workspace: where.
        customer_id: who.
        parts: files of the archive that hold documents of the customer; None: they are looked for.

    Raises:
        UnknownNameError: no such customer.
        NothingEligibleError: business with the customer is open.
    """
    key = pd.Series([customer_id])
    customer = session.rows_of("customers", "customer_id", key)
    if customer.empty:
        raise UnknownNameError(f"There is no customer {customer_id!r}.", "Give the customer's number.")
    rows = with_terms(session, workspace, session.rows_of("invoices", "customer_id", key))
    _refuse_open(session, customer_id, rows)
    over = rows["kept_until"].lt(pd.Timestamp(clock.today()))
    rows["reason"] = "kept until " + rows["kept_until"].dt.strftime("%Y-%m-%d") + " by " + rows["source"]
    gone, kept = rows[over], rows[~over]
    bundles = _bundles_gone(session, gone["invoice_id"])
    parts = session.files_with_customer(customer_id) if parts is None else parts
    contact = tuple(name for name in CONTACT if len(kept) and pd.notna(customer[name].iloc[0]))
    mails = _mails(session, kept["invoice_id"])
    alone = set(session.messages_carrying(gone["invoice_id"])) - set(
        session.messages_carrying(kept["invoice_id"])
    )
    return Erasure(
        customer_id,
        gone[["invoice_id", "number"]].reset_index(drop=True),
        kept[["invoice_id", "number", "reason"]].reset_index(drop=True),
        contact,
        _texts(session, customer),
        mails,
        _files(
            session, gone["invoice_id"], bundles, _written(workspace, {*alone, *mails["message_id"]}), parts
        ),
        tuple(bundles["bundle_id"]),
        _elsewhere(session, workspace, rows["invoice_id"], bundles),
    )


def _refuse_open(session: Session, customer_id: str, rows: pd.DataFrame) -> None:
    messages = session.rows_of("outbox", "message_id", session.messages_carrying(rows["invoice_id"]))
    under_way = messages[~messages["status"].isin(_ENDED)]
    cases = session.rows_of("collection_cases", "invoice_id", rows["invoice_id"])
    numbers = rows["number"].fillna("invoice " + rows["invoice_id"].astype("str"))
    held = session.holders(rows["invoice_id"])["invoice_id"]
    found = {
        "is not issued: issue or delete it": rows["number"].isna() | rows["invoice_date"].isna(),
        "is not settled": rows["outstanding_cents"].ne(0),
        "is in a payment bundle": rows["payment_bundle_id"].notna(),
        "is in collection": rows["invoice_id"].isin(cases[cases["status"].ne("closed")]["invoice_id"]),
        "has a message under way": rows["invoice_id"].isin(by_document(under_way)["invoice_id"].dropna()),
        "is in the hands of a run": rows["invoice_id"].isin(held),
    }
    reasons = [f"{numbers[mask].iloc[0]} {why} ({mask.sum():,})" for why, mask in found.items() if mask.any()]
    if reasons:
        raise NothingEligibleError(
            f"Customer {customer_id} can't be erased while business is open: {'; '.join(reasons)}.",
            "Finish it first; until then the data is needed (GDPR Art. 17 (3) b and e).",
        )


def _texts(session: Session, customer: pd.DataFrame) -> tuple[str, ...]:
    """The customer's mail address and number of telephone, unless another customer has them too."""
    parties = session.whole("customers")[["customer_id", "email", "phone"]]
    mine = parties["customer_id"].eq(customer["customer_id"].iloc[0])
    values, others = _said(parties[mine]), _said(parties[~mine])
    return tuple(sorted(value for value in values - others if len(value) > 4))  # shorter ones are words


def _said(customers: pd.DataFrame) -> set[str]:
    """Mail addresses, each by itself, and numbers of telephone, in small letters."""
    fields = customers["email"].dropna()
    addresses = {one.lower() for field in fields for one in addresses_in(field)}
    return addresses | set(customers["phone"].dropna().str.lower())


def _mails(session: Session, kept: "pd.Series[int]") -> pd.DataFrame:
    """Mails that only brought a document: message_id, payload. A reminder is a letter, kept with its document."""
    found = session.rows_of("outbox", "message_id", session.messages_carrying(kept))
    found = found[found["channel"].eq(EmailPayload.channel)]
    bare = {"subject": "", "text": "", "html": "", "reply_to": "", "bcc": ""}
    mails = zip(found["message_id"], found["payload"].map(EmailPayload.read), strict=True)
    emptied = [(one, mail.model_copy(update=bare).model_dump_json()) for one, mail in mails if mail.ships]
    return pd.DataFrame(emptied, columns=["message_id", "payload"], dtype="str")


def _bundles_gone(session: Session, gone: "pd.Series[int]") -> pd.DataFrame:
    """Written bundles that hold payments of documents that go, or went before, alone: bundle_id, file_path, file_sha256."""
    mine = session.rows_of("bundle_items", "invoice_id", gone, ["bundle_id"])["bundle_id"]
    items = session.rows_of("bundle_items", "bundle_id", mine, ["bundle_id", "invoice_id"])
    live = session.rows_of("invoices", "invoice_id", items["invoice_id"], ["invoice_id"])["invoice_id"]
    there = pd.concat([live, session.archived("invoice_id", items["invoice_id"])["invoice_id"]])
    needed = items[items["invoice_id"].isin(there) & ~items["invoice_id"].isin(gone)]["bundle_id"]
    bundles = session.rows_of("payment_bundles", "bundle_id", mine[~mine.isin(needed)])
    return bundles[bundles["file_path"].notna()][["bundle_id", "file_path", "file_sha256"]]


def _written(workspace: WorkspaceBase, messages: set[str]) -> pd.DataFrame:
    """Mails as the Maildir of the workspace holds them, where they go by it: path, sha256."""
    folder = workspace.data / workspace.settings.mail.folder
    names = [pattern for one in sorted(messages) for pattern in (f"new/{one}.eml", f"cur/{one}.eml*")]
    found = [path for pattern in names for path in sorted(folder.glob(pattern))]
    rows = [(stored_path(workspace.data, path), sha256_of(path)) for path in found]
    return pd.DataFrame(rows, columns=["path", "sha256"])


def _files(
    session: Session,
    gone: "pd.Series[int]",
    bundles: pd.DataFrame,
    written: pd.DataFrame,
    parts: pd.DataFrame,
) -> pd.DataFrame:
    """Files of documents and messages that go, and of the archive, each once: path, sha256."""
    documents, own = (session.rows_of(name, "invoice_id", gone) for name in ("documents", "artefacts"))
    bank = bundles.rename(columns={"file_path": "path", "file_sha256": "sha256"})
    found = [frame[["path", "sha256"]] for frame in (documents, own, bank, written, parts)]
    return pd.concat(found, ignore_index=True).drop_duplicates("path", ignore_index=True)


def _elsewhere(
    session: Session, workspace: WorkspaceBase, ids: "pd.Series[int]", bundles: pd.DataFrame
) -> pd.DataFrame:
    """Files that hold other customers too, and backups: path, what."""
    runs = session.rows_of("run_rows", "invoice_id", ids)["run_id"]
    shared = session.rows_of("artefacts", "run_id", runs)
    shared = shared[shared["invoice_id"].isna() & ~shared["path"].isin(bundles["file_path"])]
    actions = session.rows_of("runs", "run_id", shared["run_id"]).set_index("run_id")["action"]
    files = pd.DataFrame(
        {"path": shared["path"], "what": "made by " + shared["run_id"].map(actions).astype("str")}
    )
    rows = [*_hot_folders(session, workspace, ids), *_backups(session)]
    found = pd.concat([files, pd.DataFrame(rows, columns=["path", "what"])], ignore_index=True)
    paths = found["path"].map(lambda path: str(workspace.data / path)).astype("str")
    there = paths.map(lambda path: Path(path).exists()).astype("bool")
    return found.assign(path=paths)[there].drop_duplicates("path", ignore_index=True)


def _hot_folders(
    session: Session, workspace: WorkspaceBase, ids: "pd.Series[int]"
) -> Iterator[tuple[str, str]]:
    """Folders that letters and electronic invoices of the customer were put in, for others to fetch."""
    messages = session.rows_of("outbox", "message_id", session.messages_carrying(ids), ["channel"])
    settings = workspace.settings
    for channel, folder in (("post", settings.post.folder), ("einvoice", settings.einvoice.folder)):
        if messages["channel"].eq(channel).any():
            yield folder, f"hot folder of {channel}"


def _backups(session: Session) -> Iterator[tuple[str, str]]:
    made = session.whole("runs", "action = 'backup'").sort_values("created_at")
    for run in made.to_dict("records"):
        yield json.loads(run["parameters"])["file"], f"backup of {run['created_at']:%Y-%m-%d %H:%M}"
