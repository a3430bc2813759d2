"""Tables of what was done: runs and their rows, claims, files, messages, events, jobs."""

from invoicebatch.model.schema.types import (
    Column,
    Table,
    boolean,
    choice,
    day,
    integer,
    json,
    text,
    timestamp,
)
from invoicebatch.model.status import ArtefactStatus, BuyerAnswer, OutboxStatus, RowOutcome, RunStatus

RUNS = Table(
    "runs",
    "One row a run of an action; imports and messages sent again stand here too.",
    ("run_id",),
    (
        text("run_id", "uuid5 of the plan's hash", required=True),
        text(
            "action", "Name of the action; import, outbox.resend …: what was done without one", required=True
        ),
        json("parameters", "Its parameters", required=True),
        text("plan_sha256", "Hash of the plan; empty: there was none", required=True),
        choice("status", RunStatus, "Where the run stands", required=True),
        text("folder", "Folder its files are published in", required=True),
        integer("selected", "Rows selected", required=True),
        integer("eligible", "Rows that could take the action", required=True),
        json("totals", "Sums over the rows done, by name", required=True, default="'{}'"),
        text("selection", "The selection in words", required=True),
        text("user", "Who ran it", required=True),
        text("failure", "Why the run stopped, where it did"),
        boolean("background", "Whether the worker runs it"),
        timestamp("created_at", "When it was claimed", required=True),
        timestamp("finished_at", "When it finished"),
    ),
)

RUN_ROWS = Table(
    "run_rows",
    "One row an invoice in a run.",
    ("run_id", "invoice_id"),
    (
        text("run_id", "The run", required=True),
        integer("invoice_id", "The document", required=True),
        integer("position", "Place in the run's fixed order, from 0", required=True),
        integer("row_version", "Row version the plan saw", required=True),
        choice("outcome", RowOutcome, "What became of it", required=True),
        text("number", "Invoice number at the end of the run"),
        text("part", "Part of the action that applies, for actions with parts"),
        text("reason", "Why it was refused, failed or left unchanged"),
    ),
    indexed=False,
)

CLAIMS = Table(
    "claims",
    "Rows that a live run works on; no two runs share one.",
    ("invoice_id",),
    (
        integer("invoice_id", "The document", required=True),
        text("run_id", "The run", required=True),
    ),
    indexed=False,
)

ARTEFACTS = Table(
    "artefacts",
    "Files that a run made.",
    ("run_id", "name"),
    (
        text("run_id", "The run", required=True),
        text("name", "Name in the run's staging folder", required=True),
        text("path", "Final path", required=True),
        text("sha256", "SHA-256 of its bytes", required=True),
        integer("size", "Size", required=True, unit="bytes"),
        choice("status", ArtefactStatus, "Staged or published", required=True),
        integer("invoice_id", "The document, where the file belongs to one"),
    ),
)

OUTBOX = Table(
    "outbox",
    "Messages to the world, each handed over at most once by itself.",
    ("message_id",),
    (
        text("message_id", "Stable id, derived from run, invoice and channel", required=True),
        text("run_id", "The run", required=True),
        integer("invoice_id", "The document, the first where it carries several"),
        json("also", "Ids of the further documents it carries; missing: none"),
        text("channel", "email, post, einvoice or external", required=True),
        text("recipient", "Address, participant or target", required=True),
        json("payload", "What the channel needs to build the message", required=True),
        choice("status", OutboxStatus, "Where the message stands", required=True, default="'pending'"),
        integer("attempts", "Attempts so far", required=True, default="0"),
        text("answer", "What the other side said"),
        text("reference", "The other side's id of the message, to ask what became of it"),
        timestamp("created_at", "When it was prepared", required=True),
        timestamp("updated_at", "When it last changed", required=True),
    ),
)


def _erasable() -> tuple[Column, ...]:
    """What stands for a row whose text was erased."""
    return (
        text("kept_sha256", "Hash it was chained with, of a row that was erased since"),
        text("erased_by", "The run that erased it"),
    )


EVENTS = Table(
    "events",
    "Who did what to which invoice, when; never changed, but for what is erased of a customer.",
    ("run_id", "invoice_id", "event"),
    (
        text("run_id", "The run, import or call that did it", required=True),
        integer("invoice_id", "The document; 0: none, a customer was erased", required=True),
        text("event", "What happened: an action's name, or a word", required=True),
        timestamp("at", "When", required=True),
        text("user", "Who", required=True),
        text("from_status", "Status before"),
        text("to_status", "Status after"),
        json("details", "What else is worth keeping"),
        integer("batch", "Batch of the chain it was written in", required=True),
        *_erasable(),
    ),
    indexed=False,
)

INVOICE_CHANGES = Table(
    "invoice_changes",
    "What each write changed of an invoice; never changed, but for what is erased of a customer.",
    ("version", "invoice_id"),
    (
        integer("invoice_id", "The document", required=True),
        integer("version", "Row version after the change", required=True),
        timestamp("at", "When", required=True),
        text("run_id", "The run that held the row; missing: none did"),
        json("changes", "Stored value before and after, by column; null: unchanged", required=True),
        integer("batch", "Batch of the chain it is hashed in", required=True),
        *_erasable(),
    ),
    indexed=False,
)

EVENT_CHAIN = Table(
    "event_chain",
    "Batches of events, each hashed with the one before; a later change of any event breaks it.",
    ("batch",),
    (
        integer("batch", "Number, from 1", required=True),
        timestamp("at", "When", required=True),
        text("known_by", "What the user's name rests on", required=True),
        text("host", "The machine", required=True),
        text("sha256", "Hash over the batch's events and changes", required=True),
        text("head", "Hash over the head before and this batch", required=True),
    ),
)

EXPORT_JOBS = Table(
    "export_jobs",
    "Exports that run in the background, now or on a schedule.",
    ("job_id",),
    (
        text("job_id", "Id of the job", required=True),
        text("name", "Its name", required=True),
        text("action", "The export action", required=True),
        json("parameters", "Its parameters", required=True),
        text(
            "where", "The selection as a filter; empty: the rows done by the run that made it", required=True
        ),
        text("schedule", "Cron expression; empty: once"),
        text("target", "Folder the files go to"),
        text("notify", "Mail address told when it is finished"),
        boolean("enabled", "Whether it runs", default="true"),
        text("user", "Who made it", required=True),
        text("last_run_id", "Its last run"),
        text("failure", "Why it made no run the last time it was due"),
        timestamp("next_at", "When it is due"),
        text("run_id", "The run that made it"),
        timestamp("created_at", "When it was made", required=True),
    ),
)

BUYER_ANSWERS = Table(
    "buyer_answers",
    "What buyers and networks answered to electronic invoices; each answer once.",
    ("answer_id",),
    (
        text("answer_id", "Sender and id of the answer, and the number it is about", required=True),
        integer("invoice_id", "The document", required=True),
        choice("status", BuyerAnswer, "What it says", required=True),
        text("reason", "Why, in words"),
        text("asked", "What the seller is asked to do"),
        timestamp("answered_at", "When it was given", required=True),
        text("file", "The file it came in", required=True),
        timestamp("received_at", "When it was read", required=True),
    ),
)

DELIVERY_REPORTS = Table(
    "delivery_reports",
    "What mail servers reported of our mails; each report once.",
    ("report_id",),
    (
        text("report_id", "Derived from the report's own id, the mail and the address", required=True),
        text("message_id", "The mail", required=True),
        integer("attempt", "The attempt at it that was the last then", required=True),
        text("recipient", "The address, as the mail went to it", required=True),
        text("action", "failed, delayed, delivered, relayed or expanded (RFC 3464)", required=True),
        text("words", "The server's words", required=True),
        text("place", "Where it was read", required=True),
        timestamp("received_at", "When it was read", required=True),
    ),
)

BOUNCED_ADDRESSES = Table(
    "bounced_addresses",
    "Mail addresses that a server said can't be reached; nothing is mailed to them until a person accepts them.",
    ("address",),
    (
        text("address", "The address, in small letters", required=True),
        day("bounced_on", "When the server said so", required=True),
        text("words", "The server's words", required=True),
        text("message_id", "The mail that came back", required=True),
    ),
)

MAILBOXES = Table(
    "mailboxes",
    "How far the mailboxes that reports come to were read.",
    ("mailbox",),
    (
        text("mailbox", "User, server and folder", required=True),
        integer("validity", "The server's UIDVALIDITY", required=True),
        integer("last_uid", "Number of the last mail that is done with", required=True),
    ),
)

IMPORTS = Table(
    "imports",
    "One row a file of an import; the counts are the whole import's.",
    ("import_id", "file"),
    (
        text("import_id", "Id of the import", required=True),
        text("file", "The file's name", required=True),
        text("sha256", "SHA-256 of the file", required=True),
        text("kind", "What it held", required=True),
        integer("read", "Rows read", required=True),
        integer("added", "Rows that were new", required=True),
        integer("changed", "Rows that changed", required=True),
        integer("unchanged", "Rows that were there already", required=True),
        integer("refused", "Rows refused, each named in the refused-rows file", required=True),
        text("user", "Who imported it", required=True),
        timestamp("at", "When", required=True),
    ),
)
