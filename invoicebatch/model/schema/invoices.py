"""Tables of the documents themselves: invoices, their lines, VAT, readings and stored PDFs."""

from invoicebatch.model.schema.types import (
    Table,
    boolean,
    choice,
    day,
    integer,
    json,
    money,
    percent,
    quantity,
    text,
    timestamp,
)
from invoicebatch.model.status import ExportStatus, Kind, ShippingStatus, Status

INVOICES = Table(
    "invoices",
    "One row a document to a debtor. Credits are negative amounts.",
    ("invoice_id",),
    (
        integer("invoice_id", "Our own id, given at import", required=True),
        text("external_id", "The id in the system it came from; unique", required=True),
        choice("kind", Kind, "What the document is", required=True, default="'invoice'"),
        choice("status", Status, "Status; changed by actions only", required=True, default="'empty'"),
        text("number", "Invoice number of the account's series (BT-1)"),
        text("company_account_id", "The seller's account", required=True, editable=True),
        text("customer_id", "The debtor", editable=True),
        text("currency", "ISO 4217 (BT-5)", required=True, default="'EUR'", editable=True),
        day("invoice_date", "Issue date (BT-2); set by approve", editable=True),
        day("due_date", "Payment due date (BT-9)", editable=True),
        integer(
            "payment_term_days",
            "Days from invoice date to due date; empty: the customer's",
            editable=True,
        ),
        day("period_start", "Start of the invoicing period (BT-73)", editable=True),
        day("period_end", "End of the invoicing period (BT-74)", editable=True),
        day("delivery_date", "Date of delivery (BT-72)", editable=True),
        text("buyer_reference", "Buyer reference (BT-10)", editable=True),
        text("order_reference", "Purchase order (BT-13)", editable=True),
        text("contract_reference", "Contract (BT-12)", editable=True),
        text("project_reference", "Project (BT-11)", editable=True),
        text("note", "Free text on the document (BT-22)", editable=True),
        text("payment_terms", "Payment terms in words (BT-20)", editable=True),
        text("remittance_reference", "Structured payment reference (BT-83)", editable=True),
        money("line_total", "Sum of line net amounts (BT-106)", editable=True),
        money("allowance_total", "Sum of document allowances (BT-107)", editable=True),
        money("charge_total", "Sum of document charges (BT-108)", editable=True),
        money("net_total", "Total without VAT (BT-109)", editable=True),
        money("vat_total", "Total VAT (BT-110)", editable=True),
        money("total", "Total with VAT (BT-112)", editable=True),
        money("prepaid", "Already paid before issue, advances included (BT-113)", editable=True),
        money("rounding", "Rounding of the amount due (BT-114)", editable=True),
        money("paid", "Payments booked since issue"),
        money(
            "credited",
            "Set off between a document and its credit notes: positive on the document, negative on the"
            " credit note; what was paid already stays on the credit note, to be refunded",
        ),
        money(
            "outstanding",
            "total − prepaid + rounding − paid − credited; negative: owed to the debtor",
        ),
        money(
            "due_at_issue",
            "What was outstanding when its first PDF was made, which every version of it asks or gives back;"
            " empty: no PDF yet",
            required=False,
        ),
        choice(
            "shipping_status",
            ShippingStatus,
            "Sent to the customer?",
            required=True,
            default="'to_send'",
        ),
        text("shipping_channel", "email, post or einvoice, once handed over"),
        timestamp("sent_at", "When it was handed over or marked"),
        choice("export_status", ExportStatus, "Exported?", required=True, default="'unexported'"),
        timestamp("exported_at", "When it was last exported or marked"),
        integer(
            "document_version",
            "Version of the current document; 0: none",
            required=True,
            default="0",
        ),
        text("document_path", "Path of the stored PDF, relative to the workspace's data folder"),
        text("document_sha256", "SHA-256 of the stored PDF"),
        integer("credited_by", "Invoice id of the credit note that credits it in full"),
        integer("credit_of", "Invoice id of the document that this one credits"),
        text("preceding_number", "Number of the preceding invoice (BT-25)", editable=True),
        day("preceding_date", "Date of the preceding invoice (BT-26)", editable=True),
        text("payment_bundle_id", "The live payment bundle it is in; empty: none"),
        text("collection_case_id", "Its last collection case"),
        text("payment_plan_id", "The payment plan it is part of"),
        text("return_code", "ISO 20022 reason code of its last rejected or returned collection"),
        day("returned_on", "When that collection was rejected or returned"),
        integer("return_count", "How often a collection of it was rejected or returned for that reason"),
        day("collect_again_on", "From when it may be collected again; empty: not by direct debit"),
        text("failure", "Why the last approval, generation or sending failed"),
        json("extra", "Further EN 16931 terms of an imported document, by term id", editable=True),
        boolean(
            "is_open_item",
            "An open item of an earlier system, which has its lines, VAT and document; the total is what was"
            " outstanding",
        ),
        text(
            "reviewed",
            "What was said when it was marked as reviewed; an import that changes the document takes it back",
        ),
        text("imported_from", "File of the last import"),
        integer("version", "Row version; every write adds one", required=True, default="1"),
        timestamp("created_at", "When the row was made", required=True),
        timestamp("updated_at", "When the row last changed", required=True),
    ),
)

BILLING_HISTORY = Table(
    "billing_history",
    "What an earlier system billed: history for the review, never documents.",
    ("customer_id", "company_account_id", "kind", "period_end"),
    (
        text("customer_id", "The debtor", required=True),
        text("company_account_id", "The seller's account", required=True),
        choice("kind", Kind, "What the document was", required=True, default="'invoice'"),
        text("currency", "ISO 4217", required=True, default="'EUR'", editable=True),
        day("period_start", "First day of what was billed", required=True, editable=True),
        day("period_end", "Last day", required=True),
        money("total", "Total with VAT", editable=True),
    ),
)

LINES = Table(
    "lines",
    "One row an invoice line (BG-25).",
    ("invoice_id", "line_no"),
    (
        integer("invoice_id", "The document", required=True),
        integer("line_no", "Position, from 1 (BT-126)", required=True),
        text("name", "Item name (BT-153)", required=True, editable=True),
        text("description", "Item description (BT-154)", editable=True),
        quantity("quantity", "Invoiced quantity (BT-129)", required=True, default="1", editable=True),
        text(
            "unit",
            "UN/ECE Rec 20 unit code (BT-130), such as KWH",
            required=True,
            default="'C62'",
            editable=True,
        ),
        quantity("price", "Net price of one base quantity (BT-146)", required=True, editable=True),
        quantity(
            "price_base",
            "Base quantity of the price (BT-149)",
            required=True,
            default="1",
            editable=True,
        ),
        money("net", "Net amount (BT-131)", editable=True),
        text(
            "vat_category",
            "UNCL 5305 code S Z E AE K G O (BT-151)",
            required=True,
            default="'S'",
            editable=True,
        ),
        percent("vat_rate", "VAT rate in percent (BT-152)", required=True, default="0", editable=True),
        text("exemption_reason", "Why no VAT is charged (BT-120)", editable=True),
        day("period_start", "Start of the line's period (BT-134)", editable=True),
        day("period_end", "End of the line's period (BT-135)", editable=True),
        text("item_id", "Seller's item id (BT-155)", editable=True),
        text("note", "Note on the line (BT-127)", editable=True),
        integer(
            "advance_of",
            "Invoice id of the advance that this line of a final note deducts",
            editable=True,
        ),
        integer("credited_by", "Invoice id of the credit note that takes this line back"),
        json("extra", "Further EN 16931 terms of the line, by term id", editable=True),
    ),
)

ALLOWANCE_CHARGES = Table(
    "allowance_charges",
    "Allowances and charges on a document (BG-20, BG-21) or a line (BG-27, BG-28).",
    ("invoice_id", "allowance_no"),
    (
        integer("invoice_id", "The document", required=True),
        integer("allowance_no", "Position, from 1", required=True),
        integer("line_no", "The line; empty: the whole document"),
        boolean("is_charge", "A charge; else an allowance"),
        money("amount", "Amount (BT-92, BT-99, BT-136, BT-141)", editable=True),
        money("base_amount", "Base of the percentage (BT-93, BT-100)", required=False, editable=True),
        percent("rate", "Percentage (BT-94, BT-101)", editable=True),
        text("vat_category", "VAT category on document level (BT-95, BT-102)", editable=True),
        percent("vat_rate", "VAT rate on document level (BT-96, BT-103)", editable=True),
        text("reason", "Reason in words (BT-97, BT-104)", editable=True),
        text("reason_code", "UNCL 5189 or 7161 code (BT-98, BT-105)", editable=True),
        json(
            "extra", "Values of an imported document that the columns can't hold, by term id", editable=True
        ),
    ),
)

VAT_BREAKDOWN = Table(
    "vat_breakdown",
    "VAT per category and rate (BG-23).",
    ("invoice_id", "vat_category", "vat_rate"),
    (
        integer("invoice_id", "The document", required=True),
        text("vat_category", "UNCL 5305 code (BT-118)", required=True),
        percent("vat_rate", "Rate in percent (BT-119)", required=True, default="0"),
        money("taxable", "Taxable amount (BT-116)", editable=True),
        money("tax", "VAT amount (BT-117)", editable=True),
        text("exemption_reason", "Why no VAT is charged (BT-120)", editable=True),
        text("exemption_code", "VATEX code (BT-121)", editable=True),
        money("credited_taxable", "Part of the taxable amount taken back by credit notes"),
        money("credited_tax", "Part of the VAT taken back by credit notes"),
        json(
            "extra", "Values of an imported document that the columns can't hold, by term id", editable=True
        ),
    ),
)

MEASUREMENTS = Table(
    "measurements",
    "Meter readings behind a line: one row a register and period.",
    ("invoice_id", "line_no", "reading_no"),
    (
        integer("invoice_id", "The document", required=True),
        integer("line_no", "The line", required=True),
        integer("reading_no", "Position, from 1", required=True),
        text("connection_id", "EAN or delivery point of the connection", editable=True),
        text("meter_id", "Serial number of the meter", required=True, editable=True),
        text("register", "Register, such as high or low tariff", editable=True),
        day("date_from", "First day of the reading period", required=True, editable=True),
        day("date_to", "Last day of the reading period", required=True, editable=True),
        quantity("value_from", "Reading at the start", editable=True),
        quantity("value_to", "Reading at the end", editable=True),
        quantity("usage", "Usage in the period", required=True, editable=True),
        text("unit", "UN/ECE Rec 20 unit code", required=True, default="'KWH'", editable=True),
        text("method", "How it was read: actual, estimated, customer", editable=True),
    ),
)

DOCUMENTS = Table(
    "documents",
    "Every version of every stored PDF; never changed, never removed.",
    ("invoice_id", "document_version"),
    (
        integer("invoice_id", "The document", required=True),
        integer("document_version", "From 1, one more at each regeneration", required=True),
        text("path", "Path of the PDF, relative to the workspace's data folder", required=True),
        text("sha256", "SHA-256 of the PDF", required=True),
        integer("size", "Size of the PDF", required=True, unit="bytes"),
        text("template", "Template it was rendered from"),
        text("template_sha256", "SHA-256 over the template's files"),
        text("content_sha256", "SHA-256 of the data it was rendered from"),
        text("reason", "Why it was made: create, or the reason given to regenerate"),
        text("run_id", "The run that made it", required=True),
        timestamp("created_at", "When it was made", required=True),
        timestamp("sent_at", "When this version was sent to the customer"),
    ),
)

ATTACHMENTS = Table(
    "attachments",
    "Further documents that belong to an invoice (BG-24).",
    ("invoice_id", "attachment_no"),
    (
        integer("invoice_id", "The document", required=True),
        integer("attachment_no", "Position, from 1", required=True),
        text("reference", "Document reference (BT-122)", required=True, editable=True),
        text("description", "What it is (BT-123)", editable=True),
        text("uri", "Where it lies (BT-124)", editable=True),
        text("filename", "File name of an embedded document", editable=True),
        text("mime_code", "Media type of an embedded document", editable=True),
        text("content_base64", "The embedded document (BT-125)", editable=True),
    ),
)
