"""Tables of who is on an invoice: company accounts (sellers), customers, mandates, number ranges."""

from invoicebatch.model.schema.types import (
    Column,
    Table,
    boolean,
    choice,
    day,
    integer,
    json,
    text,
)
from invoicebatch.model.status import (
    DeliveryPreference,
    MandateScheme,
    MandateStatus,
    PaymentMethod,
    SequenceType,
)


def _address(who: str) -> tuple[Column, ...]:
    return (
        text("street", f"Street and house number of the {who}", editable=True),
        text("street_extra", f"Second address line of the {who}", editable=True),
        text("postcode", f"Postcode of the {who}", editable=True),
        text("city", f"City of the {who}", editable=True),
        text("region", f"Region of the {who}", editable=True),
        text("country", f"ISO 3166-1 country of the {who}", editable=True),
    )


def _account_changes() -> tuple[Column, ...]:
    return (
        day("iban_changed_on", "When an import last changed that account"),
        text("iban_before", "The account before that"),
    )


COMPANY_ACCOUNTS = Table(
    "company_accounts",
    "The seller's legal entities, each with its bank account, number series and looks.",
    ("company_account_id",),
    (
        text("company_account_id", "Short id, such as NL", required=True),
        text("name", "Trading name (BT-28)", required=True, editable=True),
        text("legal_name", "Registered name (BT-27)", editable=True),
        text("legal_id", "Company number (BT-30)", editable=True),
        text("legal_id_scheme", "ISO 6523 scheme of the company number", editable=True),
        text("legal_form", "Further legal information (BT-33)", editable=True),
        text("vat_id", "VAT identifier (BT-31)", editable=True),
        *_address("seller"),
        text("contact_name", "Contact (BT-41)", editable=True),
        text("phone", "Telephone (BT-42)", editable=True),
        text("email", "E-mail (BT-43)", editable=True),
        text("website", "Website", editable=True),
        text("endpoint_id", "Electronic address (BT-34)", editable=True),
        text("endpoint_scheme", "EAS scheme of the electronic address", editable=True),
        text(
            "currency",
            "ISO 4217 currency it invoices in",
            required=True,
            default="'EUR'",
            editable=True,
        ),
        text("iban", "Account that receives payments (BT-84)", editable=True),
        text("bic", "BIC of that account (BT-86)", editable=True),
        text("bank_name", "Name of the bank", editable=True),
        text("creditor_id", "SEPA creditor identifier (BT-90)", editable=True),
        text(
            "language",
            "Default language: en, nl, fr, de",
            required=True,
            default="'en'",
            editable=True,
        ),
        text("template", "Document template folder; empty: the workspace's", editable=True),
        boolean(
            "due_on_weekdays", "No document is to fall due at a weekend: the review says so", editable=True
        ),
        text("email_from", "Sender of mails; empty: email", editable=True),
        text("email_reply_to", "Reply-To of mails", editable=True),
        text("email_bcc", "Blind copy of every mail", editable=True),
        json("tax_representative", "Seller's tax representative (BG-11), by field", editable=True),
    ),
)

CUSTOMERS = Table(
    "customers",
    "The debtors.",
    ("customer_id",),
    (
        text("customer_id", "Customer number", required=True),
        text("name", "Name (BT-44)", editable=True),
        text("contact_name", "Contact (BT-56)", editable=True),
        boolean("is_business", "A business; else a private person", editable=True),
        text("legal_id", "Company number (BT-47)", editable=True),
        text("legal_id_scheme", "ISO 6523 scheme of the company number", editable=True),
        text("vat_id", "VAT identifier (BT-48)", editable=True),
        *_address("customer"),
        text("email", "E-mail", editable=True),
        text("phone", "Telephone", editable=True),
        text("language", "Language: en, nl, fr, de; empty: the account's", editable=True),
        text("endpoint_id", "Peppol participant id without scheme (BT-49)", editable=True),
        text("endpoint_scheme", "EAS scheme of the participant id", editable=True),
        text("siret", "SIRET of a French public body (Chorus Pro)", editable=True),
        text("service_code", "Service code (Chorus Pro)", editable=True),
        choice(
            "payment_method",
            PaymentMethod,
            "How the customer pays",
            required=True,
            default="'credit_transfer'",
            editable=True,
        ),
        text("iban", "Account for refunds", editable=True),
        text("bic", "BIC of that account", editable=True),
        text("account_holder", "Holder of that account; empty: name", editable=True),
        choice(
            "delivery_preference",
            DeliveryPreference,
            "How documents are delivered",
            required=True,
            default="'email'",
            editable=True,
        ),
        boolean("skip_if_direct_debit", "Send nothing while on direct debit", editable=True),
        integer("payment_term_days", "Days to pay; empty: the settings'", editable=True, unit="days"),
        day("address_changed_on", "When an import last changed its address"),
        text("address_before", "The address before that"),
        *_account_changes(),
        integer("version", "Row version; every write adds one", required=True, default="1"),
    ),
)

MANDATES = Table(
    "mandates",
    "SEPA direct debit mandates.",
    ("mandate_id",),
    (
        text("mandate_id", "Unique mandate reference (BT-89)", required=True),
        text("customer_id", "The debtor", required=True, editable=True),
        choice("scheme", MandateScheme, "CORE or B2B", required=True, default="'CORE'", editable=True),
        choice(
            "sequence_type",
            SequenceType,
            "Sequence type of the next collection",
            required=True,
            default="'RCUR'",
            editable=True,
        ),
        choice(
            "status",
            MandateStatus,
            "May it be used?",
            required=True,
            default="'active'",
            editable=True,
        ),
        text("iban", "Debited account (BT-91)", required=True, editable=True),
        text("bic", "BIC of that account", editable=True),
        text("account_holder", "Holder of that account; empty: the customer's name", editable=True),
        day("signed_on", "Date of signature", required=True, editable=True),
        day(
            "last_used_on",
            "Date of the last collection; a mandate lapses 36 months after it",
            editable=True,
        ),
        text(
            "previous_mandate_id", "Reference of the last collection, where it changed since", editable=True
        ),
        text("previous_iban", "Account of the last collection, where it changed since", editable=True),
        integer(
            "notice_days",
            "Days between telling date and amount and the collection, as agreed; empty: the settings'",
            editable=True,
            unit="days",
        ),
        *_account_changes(),
        text("suspended_because", "The bank's reason code and its date, of a suspended mandate"),
        integer("version", "Row version; every write adds one", required=True, default="1"),
    ),
)

NUMBER_RANGES = Table(
    "number_ranges",
    "Number series of a company account: one for invoices, one for credit notes.",
    ("company_account_id", "series"),
    (
        text("company_account_id", "The account", required=True),
        text("series", "invoice or credit_note", required=True, default="'invoice'"),
        text(
            "pattern",
            "Such as {year}-{seq:06d}",
            required=True,
            default="'{year}-{seq:06d}'",
            editable=True,
        ),
        boolean("yearly_reset", "Start again at 1 each year", default="true", editable=True),
        boolean("dates_ascend", "An invoice date may not lie before the last one used", editable=True),
    ),
)

NUMBER_COUNTERS = Table(
    "number_counters",
    "The next number of a series; moved in the transaction that gives the number.",
    ("company_account_id", "series", "period"),
    (
        text("company_account_id", "The account", required=True),
        text("series", "invoice or credit_note", required=True),
        text("period", "Year of a series that resets; else empty", required=True),
        integer("next_seq", "The number the next document gets", required=True, default="1"),
        day("last_date", "Latest invoice date used"),
    ),
)

ISSUED_NUMBERS = Table(
    "issued_numbers",
    "Every number ever given: no gap, no duplicate, by its key.",
    ("company_account_id", "series", "period", "seq"),
    (
        text("company_account_id", "The account", required=True),
        text("series", "invoice or credit_note", required=True),
        text("period", "Year of a series that resets; else empty", required=True),
        integer("seq", "Counter value", required=True),
        text("number", "The number as printed", required=True),
        integer("invoice_id", "The document", required=True),
        text("run_id", "The run that gave it", required=True),
    ),
)
