"""Tables of what left the live state: which documents lie in the archive, and in which files."""

from invoicebatch.model.schema.types import Table, integer, text, timestamp

ARCHIVED_INVOICES = Table(
    "archived_invoices",
    "Documents that went to the archive: their numbers are never given again, and their parts are found by them.",
    ("part", "invoice_id"),
    (
        text("part", "The part of the archive that holds it", required=True),
        integer("invoice_id", "The document", required=True),
        text("external_id", "The id in the system it came from", required=True),
        text("company_account_id", "The seller's account", required=True),
        text("customer_id", "The debtor"),
        text("number", "Its number", required=True),
        text("restored_by", "What brought it back into the live state; empty: it lies in the archive"),
    ),
)

ARCHIVE_PARTS = Table(
    "archive_parts",
    "Files of the archive: a part is some documents of one account and month, a file a table of them.",
    ("part", "name"),
    (
        text("part", "The part: first characters of its run, and a number", required=True),
        text("name", "The table whose rows it holds", required=True),
        text("path", "The file, relative to the workspace's data folder", required=True),
        text("sha256", "SHA-256 of the file", required=True),
        integer("size", "Size of the file", required=True, unit="bytes"),
        integer("rows", "Rows in it", required=True),
        integer("schema_version", "Version of the schema that its columns are of", required=True),
        text("run_id", "The run that wrote it", required=True),
        timestamp("created_at", "When it was written", required=True),
    ),
)
