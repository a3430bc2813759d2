"""Tables of money on its way: payment bundles, bookings, collection cases, payment plans."""

from invoicebatch.model.schema.types import (
    Table,
    boolean,
    choice,
    day,
    integer,
    money,
    text,
    timestamp,
)
from invoicebatch.model.status import (
    BundlePart,
    BundleStatus,
    CaseStatus,
    EntryKind,
    ItemStatus,
    LocalInstrument,
    Movement,
    PlanStatus,
    SequenceType,
)

PAYMENT_BUNDLES = Table(
    "payment_bundles",
    "One outgoing bundle: collections of one scheme, or refunds, of one account on one date.",
    ("bundle_id",),
    (
        text("bundle_id", "Derived from run, account, part, scheme and date", required=True),
        choice("part", BundlePart, "Collections or refunds", required=True),
        choice("status", BundleStatus, "Where the bundle stands", required=True, default="'created'"),
        text("company_account_id", "The account", required=True),
        text("iban", "The account's IBAN when the bundle was made", required=True),
        text("bic", "The account's BIC when the bundle was made"),
        text("account_name", "The account's name when the bundle was made", required=True),
        text("creditor_id", "The account's SEPA creditor identifier, of collections"),
        text("scheme", "CORE or B2B, of collections; INST, of instant refunds: one a message"),
        day("collection_date", "Collection date, or execution date of refunds", required=True),
        text("currency", "ISO 4217", required=True),
        integer(
            "items", "Number of payments in it or in its bank file, whatever became of them", required=True
        ),
        money("total", "Sum of those payments, positive"),
        text("description", "Text for the bank statement"),
        text("message_id", "MsgId of the bank file"),
        integer(
            "message_no",
            "Which message it is: one more for each that replaced a written one",
            required=True,
            default="1",
        ),
        boolean("batch_booking", "One booking a group, as the file was written"),
        text("message", "ISO 20022 message and version of the written bank file"),
        text("file_path", "The written bank file, relative to the workspace's data folder"),
        text("file_sha256", "SHA-256 of the written bank file"),
        text("run_id", "The run that made it", required=True),
        text("created_by", "Who made it"),
        text("released_by", "Who released it for the bank"),
        timestamp("released_at", "When it was released"),
        text("released_sha256", "Hash of what was released; a change voids it"),
        timestamp("created_at", "When it was made", required=True),
        timestamp("updated_at", "When it last changed", required=True),
        integer("version", "Row version; every write adds one", required=True, default="1"),
    ),
)

BUNDLE_ITEMS = Table(
    "bundle_items",
    "One payment in a bundle.",
    ("bundle_id", "item_no"),
    (
        text("bundle_id", "The bundle", required=True),
        integer("item_no", "Position, from 1", required=True),
        integer("invoice_id", "The document", required=True),
        text(
            "end_to_end_id",
            "EndToEndId, derived from bundle and item; items of one debit share it",
            required=True,
        ),
        choice("status", ItemStatus, "What the bank said", required=True, default="'pending'"),
        money("amount", "Amount, positive"),
        text("name", "Debtor or creditor name", required=True),
        text("iban", "Debtor or creditor account", required=True),
        text("bic", "BIC of that account"),
        text("street", "Street of the party, without the number"),
        text("building", "House number of the party"),
        text("free_line", "Street and number of the party, where they can't be told apart"),
        text("free_line_2", "Second line of that address"),
        text("postcode", "Postcode of the party"),
        text("city", "City of the party"),
        text("country", "Country of the party"),
        text("mandate_id", "Mandate, of a collection"),
        day("mandate_signed_on", "Date of signature, of a collection"),
        choice("sequence_type", SequenceType, "Sequence type, of a collection"),
        choice("scheme", LocalInstrument, "Local instrument; of an ordinary refund none"),
        text("previous_mandate_id", "Reference before an amendment of the mandate"),
        text("previous_iban", "Account before an amendment of the mandate"),
        text("remittance", "Remittance information", required=True),
        text("creditor_reference", "Structured reference that goes along instead, of a collection"),
        text("reason", "Why the bank rejected or returned it"),
        text("payee_check", "What the bank found of the name: match, close, none, impossible; and its words"),
        text("payment_information_id", "PmtInfId, the group of the bank file that it goes in"),
        money("returned", "What of it went back after it was booked"),
        timestamp("recalled_at", "When it was called back at the bank, which has not answered yet"),
    ),
)

LIVE_BUNDLE_ITEMS = Table(
    "live_bundle_items",
    "The key that keeps an invoice in at most one live bundle.",
    ("invoice_id",),
    (
        integer("invoice_id", "The document", required=True),
        text("bundle_id", "Its live bundle", required=True),
    ),
)

PAYMENTS = Table(
    "payments",
    "Payments booked on invoices.",
    ("payment_id",),
    (
        text(
            "payment_id",
            "Id in the system it came from, or derived from the bank entry",
            required=True,
        ),
        integer("invoice_id", "The document", required=True),
        day("booked_on", "Booking date", required=True),
        money("amount", "Amount; negative: paid back to the debtor"),
        text("source", "Where it came from: an import, a bundle, a bank statement"),
        text("reference", "Reference on the statement"),
        choice("what", Movement, "What kind of booking it is", required=True, default="'payment'"),
    ),
)

INCOMING_PAYMENTS = Table(
    "incoming_payments",
    "Money that came in and is none of our collections: kept once, whatever reports bring it.",
    ("payment_id",),
    (
        text("payment_id", "Derived from account, statement and the bank's reference", required=True),
        text("account_iban", "Our account", required=True),
        text("statement_id", "Id of the statement, or of the report in which it came first", required=True),
        text("message", "Message that reported it, such as camt.053.001.08", required=True),
        text("bank_reference", "The bank's reference"),
        day("booked_on", "Booking date", required=True),
        day("value_on", "Value date"),
        text("currency", "ISO 4217", required=True),
        money("amount", "Amount, positive", required=True),
        text("payer", "Name of the payer"),
        text("payer_iban", "Account of the payer"),
        text("end_to_end_id", "The payer's own id"),
        text("reference", "Structured references, blanks between several"),
        text("documents", "Numbers of documents in structured remittance information"),
        text("text", "Unstructured remittance information"),
        text("booking", "The booking that it is part of: its reference, or its place in the statement"),
        text("source", "File it came from", required=True),
        timestamp("read_at", "When it was read", required=True),
        boolean("by_hand", "Taken back once, so it is only booked by hand"),
        text("set_aside", "Why it is none of ours; empty: it is not set aside"),
        integer("version", "Row version; every write adds one", required=True, default="1"),
    ),
)

PAYMENT_ALLOCATIONS = Table(
    "payment_allocations",
    "Which incoming payment pays which document, how much, and how that is known.",
    ("allocation_id",),
    (
        text("allocation_id", "Derived; the id of the booking in `payments`", required=True),
        text("payment_id", "The payment", required=True),
        integer("invoice_id", "The document", required=True),
        money("amount", "Amount, positive", required=True),
        day("booked_on", "Booking date of the payment", required=True),
        text("rule", "The rule of rules/matching.toml, or `hand`", required=True),
        text("evidence", "How it is known, in words", required=True),
        text("reference", "Reference and text of the payment"),
        boolean("beyond", "Whether more than is open may be booked: the rest is the customer's credit"),
        boolean("booked", "Whether it is booked; else the next run does"),
        text("run_id", "The run that booked it"),
        text("taken_back_by", "The run that took it back"),
    ),
)

BANK_ENTRIES = Table(
    "bank_entries",
    "What a bank or another system reported about payments: read from a file once, then booked.",
    ("entry_id",),
    (
        text("entry_id", "Derived from the report and its entry; the same entry is read once", required=True),
        choice("kind", EntryKind, "What was reported", required=True),
        integer("invoice_id", "The document", required=True),
        text("bundle_id", "The bundle, of a payment we sent out"),
        integer("item_no", "The item in that bundle"),
        day("booked_on", "Booking date", required=True),
        money("amount", "Amount; negative: paid back to the debtor"),
        text("reason", "Why it was rejected or returned"),
        text("reference", "Reference on the statement"),
        text("source", "File it came from", required=True),
        boolean("booked", "Whether it is booked"),
        text("message", "Message that reported it, such as camt.053.001.08"),
        text("report", "Id of that message, or of the statement in it"),
        day("value_on", "Value date"),
        text("reason_code", "ISO 20022 reason code of a reject or return"),
        money("fee", "What the bank charged for a return; not the customer's payment"),
        text("remark", "Why it had no effect; empty: it was booked"),
        text("booking", "The booking of its statement that it is part of"),
    ),
)

BANK_STATEMENTS = Table(
    "bank_statements",
    "Account statements that were read, so that a missing one is noticed.",
    ("account_iban", "statement_id", "made_at"),
    (
        text("account_iban", "Our account", required=True),
        text("statement_id", "The bank's id of the statement", required=True),
        integer("statement_no", "Its number in the bank's sequence"),
        text("message", "Message and version", required=True),
        timestamp("made_at", "When the bank made it", required=True),
        text("currency", "ISO 4217"),
        money("opening", "Opening balance", required=False),
        money("closing", "Closing balance", required=False),
        integer("entries", "Number of booked entries", required=True),
        text("source", "File it came from", required=True),
        timestamp("read_at", "When it was read", required=True),
    ),
)

COLLECTION_CASES = Table(
    "collection_cases",
    "One debt collection case an invoice.",
    ("case_id",),
    (
        text("case_id", "Derived from run and invoice", required=True),
        integer("invoice_id", "The document", required=True),
        text("customer_id", "The debtor", required=True),
        text("flow", "The collection flow, by name", required=True),
        choice("status", CaseStatus, "Where the case stands", required=True, default="'active'"),
        integer("step", "The step that comes next, from 1", required=True, default="1"),
        day("next_step_on", "When it is due"),
        money("costs", "Costs charged so far"),
        text("closed_reason", "Why it was closed"),
        timestamp("opened_at", "When it was opened", required=True),
        timestamp("updated_at", "When it last changed", required=True),
        integer("version", "Row version; every write adds one", required=True, default="1"),
    ),
)

COLLECTION_STEPS = Table(
    "collection_steps",
    "What was done in a collection case.",
    ("case_id", "step"),
    (
        text("case_id", "The case", required=True),
        integer("step", "The step, from 1", required=True),
        text("name", "Name of the step in the flow", required=True),
        text("channel", "email, post, manual or none", required=True),
        money("cost", "Cost charged for it"),
        day("done_on", "When it was done", required=True),
        text("run_id", "The run that did it", required=True),
    ),
)

PAYMENT_PLANS = Table(
    "payment_plans",
    "An arrangement to pay the outstanding amount in instalments.",
    ("plan_id",),
    (
        text("plan_id", "Derived from run, customer and account", required=True),
        text("customer_id", "The debtor", required=True),
        text("company_account_id", "The account", required=True),
        text("currency", "ISO 4217", required=True),
        choice("status", PlanStatus, "Where the plan stands", required=True, default="'active'"),
        money("total", "Sum of the instalments"),
        integer("instalments", "Number of instalments", required=True),
        text("interval", "weekly or monthly", required=True),
        day("first_date", "Due date of the first instalment", required=True),
        timestamp("created_at", "When it was made", required=True),
        timestamp("updated_at", "When it last changed", required=True),
        integer("version", "Row version; every write adds one", required=True, default="1"),
    ),
)

INSTALMENTS = Table(
    "instalments",
    "One instalment of a payment plan.",
    ("plan_id", "instalment_no"),
    (
        text("plan_id", "The plan", required=True),
        integer("instalment_no", "Position, from 1", required=True),
        day("due_date", "When it is due", required=True),
        money("amount", "Amount due"),
        money("paid", "Amount paid"),
    ),
)
