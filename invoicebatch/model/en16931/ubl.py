"""UBL 2.1 Invoice and CreditNote for EN 16931 and Peppol BIS Billing 3, described once.

Only the places of the terms stand here (EN 16931-3-2); how they are written or read is not told.
"""

from dataclasses import dataclass
from typing import Any, Final

from invoicebatch.model.en16931.description import Const, Each, Node, Same, describe

NAMESPACES: Final = {
    "cac": "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2",
    "cbc": "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2",
}
INVOICE_NAMESPACE: Final = "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"
CREDIT_NOTE_NAMESPACE: Final = "urn:oasis:names:specification:ubl:schema:xsd:CreditNote-2"

Element = tuple[Any, ...]

_PREFIXES: Final = {f"xmlns:{prefix}": Const(uri) for prefix, uri in NAMESPACES.items()}
_CURRENCY: Final = {"currencyID": Same("BT-5")}
_VAT: Final = ("cac:TaxScheme", ("cbc:ID", Const("VAT")))


def _amount(name: str, term: str) -> Element:
    return (name, term, _CURRENCY)


def _address(element: str, street: str, extra: str, line: str, city: str, postcode: str,
             region: str, country: str) -> Element:  # fmt: skip
    return (
        element,
        ("cbc:StreetName", street),
        ("cbc:AdditionalStreetName", extra),
        ("cbc:CityName", city),
        ("cbc:PostalZone", postcode),
        ("cbc:CountrySubentity", region),
        ("cac:AddressLine", ("cbc:Line", line)),
        ("cac:Country", ("cbc:IdentificationCode", country)),
    )


_SELLER: Final = (
    "cac:AccountingSupplierParty",
    (
        "cac:Party",
        ("cbc:EndpointID", "BT-34", {"schemeID": "BT-34-1"}),
        Each("BT-29", ("cac:PartyIdentification", ("cbc:ID", "BT-29", {"schemeID": "BT-29-1"}))),
        ("cac:PartyIdentification", ("cbc:ID", "BT-90", {"schemeID": Const("SEPA")})),
        ("cac:PartyName", ("cbc:Name", "BT-28")),
        _address("cac:PostalAddress", "BT-35", "BT-36", "BT-162", "BT-37", "BT-38", "BT-39", "BT-40"),
        ("cac:PartyTaxScheme", ("cbc:CompanyID", "BT-31"), _VAT),
        ("cac:PartyTaxScheme", ("cbc:CompanyID", "BT-32"), ("cac:TaxScheme", ("cbc:ID", "BT-32-1"))),
        (
            "cac:PartyLegalEntity",
            ("cbc:RegistrationName", "BT-27"),
            ("cbc:CompanyID", "BT-30", {"schemeID": "BT-30-1"}),
            ("cbc:CompanyLegalForm", "BT-33"),
        ),
        (
            "cac:Contact",
            ("cbc:Name", "BT-41"),
            ("cbc:Telephone", "BT-42"),
            ("cbc:ElectronicMail", "BT-43"),
        ),
    ),
)

_BUYER: Final = (
    "cac:AccountingCustomerParty",
    (
        "cac:Party",
        ("cbc:EndpointID", "BT-49", {"schemeID": "BT-49-1"}),
        ("cac:PartyIdentification", ("cbc:ID", "BT-46", {"schemeID": "BT-46-1"})),
        ("cac:PartyName", ("cbc:Name", "BT-45")),
        _address("cac:PostalAddress", "BT-50", "BT-51", "BT-163", "BT-52", "BT-53", "BT-54", "BT-55"),
        ("cac:PartyTaxScheme", ("cbc:CompanyID", "BT-48"), _VAT),
        (
            "cac:PartyLegalEntity",
            ("cbc:RegistrationName", "BT-44"),
            ("cbc:CompanyID", "BT-47", {"schemeID": "BT-47-1"}),
        ),
        (
            "cac:Contact",
            ("cbc:Name", "BT-56"),
            ("cbc:Telephone", "BT-57"),
            ("cbc:ElectronicMail", "BT-58"),
        ),
    ),
)

_PAYEE: Final = (
    "cac:PayeeParty",
    ("cac:PartyIdentification", ("cbc:ID", "BT-60", {"schemeID": "BT-60-1"})),
    ("cac:PartyName", ("cbc:Name", "BT-59")),
    ("cac:PartyLegalEntity", ("cbc:CompanyID", "BT-61", {"schemeID": "BT-61-1"})),
)

_TAX_REPRESENTATIVE: Final = (
    "cac:TaxRepresentativeParty",
    ("cac:PartyName", ("cbc:Name", "BT-62")),
    _address("cac:PostalAddress", "BT-64", "BT-65", "BT-164", "BT-66", "BT-67", "BT-68", "BT-69"),
    ("cac:PartyTaxScheme", ("cbc:CompanyID", "BT-63"), _VAT),
)

_DELIVERY: Final = (
    "cac:Delivery",
    ("cbc:ActualDeliveryDate", "BT-72"),
    (
        "cac:DeliveryLocation",
        ("cbc:ID", "BT-71", {"schemeID": "BT-71-1"}),
        _address("cac:Address", "BT-75", "BT-76", "BT-165", "BT-77", "BT-78", "BT-79", "BT-80"),
    ),
    ("cac:DeliveryParty", ("cac:PartyName", ("cbc:Name", "BT-70"))),
)


def _payment_means(*due_date: Element) -> Each:
    return Each(
        "BG-16",
        (
            "cac:PaymentMeans",
            ("cbc:PaymentMeansCode", "BT-81", {"name": "BT-82"}),
            *due_date,
            ("cbc:PaymentID", "BT-83"),
            (
                "cac:CardAccount",
                ("cbc:PrimaryAccountNumberID", "BT-87"),
                ("cbc:NetworkID", "BT-87-1"),
                ("cbc:HolderName", "BT-88"),
            ),
            (
                "cac:PayeeFinancialAccount",
                ("cbc:ID", "BT-84"),
                ("cbc:Name", "BT-85"),
                ("cac:FinancialInstitutionBranch", ("cbc:ID", "BT-86")),
            ),
            (
                "cac:PaymentMandate",
                ("cbc:ID", "BT-89"),
                ("cac:PayerFinancialAccount", ("cbc:ID", "BT-91")),
            ),
        ),
    )


def _allowance_charge(group: str, charge: bool, terms: tuple[str, ...]) -> Each:
    amount, base, percentage, reason, code, *tax = terms
    category = ("cac:TaxCategory", ("cbc:ID", tax[0]), ("cbc:Percent", tax[1]), _VAT) if tax else ()
    return Each(
        group,
        (
            "cac:AllowanceCharge",
            ("cbc:ChargeIndicator", Const("true" if charge else "false")),
            ("cbc:AllowanceChargeReasonCode", code),
            ("cbc:AllowanceChargeReason", reason),
            ("cbc:MultiplierFactorNumeric", percentage),
            _amount("cbc:Amount", amount),
            _amount("cbc:BaseAmount", base),
            *((category,) if category else ()),
        ),
    )


_ALLOWANCES: Final = (
    _allowance_charge("BG-20", False, ("BT-92", "BT-93", "BT-94", "BT-97", "BT-98", "BT-95", "BT-96")),
    _allowance_charge("BG-21", True, ("BT-99", "BT-100", "BT-101", "BT-104", "BT-105", "BT-102", "BT-103")),
)


def _totals(*category: Element) -> tuple[Element, ...]:
    """VAT and sums; `category` is what a VAT category has besides."""
    return (
        (
            "cac:TaxTotal",
            _amount("cbc:TaxAmount", "BT-110"),
            Each(
                "BG-23",
                (
                    "cac:TaxSubtotal",
                    _amount("cbc:TaxableAmount", "BT-116"),
                    _amount("cbc:TaxAmount", "BT-117"),
                    (
                        "cac:TaxCategory",
                        ("cbc:ID", "BT-118"),
                        *category,
                        ("cbc:Percent", "BT-119"),
                        ("cbc:TaxExemptionReasonCode", "BT-121"),
                        ("cbc:TaxExemptionReason", "BT-120"),
                        _VAT,
                    ),
                ),
            ),
        ),
        ("cac:TaxTotal", ("cbc:TaxAmount", "BT-111", {"currencyID": Same("BT-6")})),
        (
            "cac:LegalMonetaryTotal",
            _amount("cbc:LineExtensionAmount", "BT-106"),
            _amount("cbc:TaxExclusiveAmount", "BT-109"),
            _amount("cbc:TaxInclusiveAmount", "BT-112"),
            _amount("cbc:AllowanceTotalAmount", "BT-107"),
            _amount("cbc:ChargeTotalAmount", "BT-108"),
            _amount("cbc:PrepaidAmount", "BT-113"),
            _amount("cbc:PayableRoundingAmount", "BT-114"),
            _amount("cbc:PayableAmount", "BT-115"),
        ),
    )


@dataclass(frozen=True, slots=True)
class _Beyond:
    """What a document has besides EN 16931, by where it stands.

    Attributes:
        documents: additional documents.
        breakdown: of a VAT category of the breakdown.
        category: of the VAT category of a line.
        tax: VAT by line.
        line: what a line refers to.
        name: of an item's attribute, behind its name.
        value: the same, behind its value.
    """

    documents: tuple[Element, ...] = ()
    breakdown: tuple[Element, ...] = ()
    category: tuple[Element, ...] = ()
    tax: tuple[Element, ...] = ()
    line: tuple[Each, ...] = ()
    name: tuple[Element, ...] = ()
    value: tuple[Element, ...] = ()


def _line(element: str, quantity: str, beyond: _Beyond) -> Each:
    return Each(
        "BG-25",
        (
            element,
            ("cbc:ID", "BT-126"),
            ("cbc:Note", "BT-127"),
            (quantity, "BT-129", {"unitCode": "BT-130"}),
            _amount("cbc:LineExtensionAmount", "BT-131"),
            ("cbc:AccountingCost", "BT-133"),
            ("cac:InvoicePeriod", ("cbc:StartDate", "BT-134"), ("cbc:EndDate", "BT-135")),
            ("cac:OrderLineReference", ("cbc:LineID", "BT-132")),
            *beyond.line,
            (
                "cac:DocumentReference",
                ("cbc:ID", "BT-128", {"schemeID": "BT-128-1"}),
                ("cbc:DocumentTypeCode", Const("130")),
            ),
            _allowance_charge("BG-27", False, ("BT-136", "BT-137", "BT-138", "BT-139", "BT-140")),
            _allowance_charge("BG-28", True, ("BT-141", "BT-142", "BT-143", "BT-144", "BT-145")),
            *beyond.tax,
            (
                "cac:Item",
                ("cbc:Description", "BT-154"),
                ("cbc:Name", "BT-153"),
                ("cac:BuyersItemIdentification", ("cbc:ID", "BT-156")),
                ("cac:SellersItemIdentification", ("cbc:ID", "BT-155")),
                ("cac:StandardItemIdentification", ("cbc:ID", "BT-157", {"schemeID": "BT-157-1"})),
                ("cac:OriginCountry", ("cbc:IdentificationCode", "BT-159")),
                Each("BT-158", ("cac:CommodityClassification", (
                    "cbc:ItemClassificationCode", "BT-158",
                    {"listID": "BT-158-1", "listVersionID": "BT-158-2"}))),
                (
                    "cac:ClassifiedTaxCategory",
                    ("cbc:ID", "BT-151"),
                    *beyond.category,
                    ("cbc:Percent", "BT-152"),
                    _VAT,
                ),
                Each(
                    "BG-32",
                    (
                        "cac:AdditionalItemProperty",
                        ("cbc:Name", "BT-160"),
                        *beyond.name,
                        ("cbc:Value", "BT-161"),
                        *beyond.value,
                    ),
                ),
            ),
            (
                "cac:Price",
                _amount("cbc:PriceAmount", "BT-146"),
                ("cbc:BaseQuantity", "BT-149", {"unitCode": "BT-150"}),
                (
                    "cac:AllowanceCharge",
                    ("cbc:ChargeIndicator", Const("false")),
                    _amount("cbc:Amount", "BT-147"),
                    _amount("cbc:BaseAmount", "BT-148"),
                ),
            ),
        ),
    )  # fmt: skip


_IDENTIFICATION: Final = (("cbc:CustomizationID", "BT-24"), ("cbc:ProfileID", "BT-23"), ("cbc:ID", "BT-1"))
_NOTE: Final = Each("BG-1", ("cbc:Note", "BT-22"))
_CURRENCIES_AND_PERIOD: Final = (
    ("cbc:DocumentCurrencyCode", "BT-5"),
    ("cbc:TaxCurrencyCode", "BT-6"),
    ("cbc:AccountingCost", "BT-19"),
    ("cbc:BuyerReference", "BT-10"),
    (
        "cac:InvoicePeriod",
        ("cbc:StartDate", "BT-73"),
        ("cbc:EndDate", "BT-74"),
        ("cbc:DescriptionCode", "BT-8"),
    ),
    ("cac:OrderReference", ("cbc:ID", "BT-13"), ("cbc:SalesOrderID", "BT-14")),
    Each(
        "BG-3",
        (
            "cac:BillingReference",
            ("cac:InvoiceDocumentReference", ("cbc:ID", "BT-25"), ("cbc:IssueDate", "BT-26")),
        ),
    ),
    ("cac:DespatchDocumentReference", ("cbc:ID", "BT-16")),
    ("cac:ReceiptDocumentReference", ("cbc:ID", "BT-15")),
)
_TENDER: Final = ("cac:OriginatorDocumentReference", ("cbc:ID", "BT-17"))
_CONTRACT: Final = ("cac:ContractDocumentReference", ("cbc:ID", "BT-12"))
_OBJECT: Final = (
    "cac:AdditionalDocumentReference",
    ("cbc:ID", "BT-18", {"schemeID": "BT-18-1"}),
    ("cbc:DocumentTypeCode", Const("130")),
)
_SUPPORTING: Final = Each(
    "BG-24",
    (
        "cac:AdditionalDocumentReference",
        ("cbc:ID", "BT-122"),
        ("cbc:DocumentDescription", "BT-123"),
        (
            "cac:Attachment",
            (
                "cbc:EmbeddedDocumentBinaryObject",
                "BT-125",
                {"mimeCode": "BT-125-1", "filename": "BT-125-2"},
            ),
            ("cac:ExternalReference", ("cbc:URI", "BT-124")),
        ),
    ),
)
_PARTIES: Final = (_SELLER, _BUYER, _PAYEE, _TAX_REPRESENTATIVE, _DELIVERY)
_TERMS: Final = ("cac:PaymentTerms", ("cbc:Note", "BT-20"))


def _invoice(beyond: _Beyond = _Beyond()) -> Node:
    return describe(
        (
            "Invoice",
            {"xmlns": Const(INVOICE_NAMESPACE), **_PREFIXES},
            *_IDENTIFICATION,
            ("cbc:IssueDate", "BT-2"),
            ("cbc:DueDate", "BT-9"),
            ("cbc:InvoiceTypeCode", "BT-3"),
            _NOTE,
            ("cbc:TaxPointDate", "BT-7"),
            *_CURRENCIES_AND_PERIOD,
            _TENDER,
            _CONTRACT,
            _OBJECT,
            *beyond.documents,
            _SUPPORTING,
            ("cac:ProjectReference", ("cbc:ID", "BT-11")),
            *_PARTIES,
            _payment_means(),
            _TERMS,
            *_ALLOWANCES,
            *_totals(*beyond.breakdown),
            _line("cac:InvoiceLine", "cbc:InvoicedQuantity", beyond),
        ),
        "INVOICE",
    )


def _credit_note(beyond: _Beyond = _Beyond()) -> Node:
    return describe(
        (
            "CreditNote",
            {"xmlns": Const(CREDIT_NOTE_NAMESPACE), **_PREFIXES},
            *_IDENTIFICATION,
            ("cbc:IssueDate", "BT-2"),
            ("cbc:TaxPointDate", "BT-7"),
            ("cbc:CreditNoteTypeCode", "BT-3"),
            _NOTE,
            *_CURRENCIES_AND_PERIOD,
            _CONTRACT,
            _OBJECT,
            ("cac:AdditionalDocumentReference", ("cbc:ID", "BT-11"), ("cbc:DocumentTypeCode", Const("50"))),
            *beyond.documents,
            _SUPPORTING,
            _TENDER,
            *_PARTIES,
            _payment_means(("cbc:PaymentDueDate", Same("BT-9"))),
            _TERMS,
            *_ALLOWANCES,
            *_totals(*beyond.breakdown),
            _line("cac:CreditNoteLine", "cbc:CreditedQuantity", beyond),
        ),
        "INVOICE",
    )


def _belgian(kind: str) -> _Beyond:
    """What UBL.BE has besides: two documents that say what it is, Belgian names of VAT categories, VAT by line."""
    said = tuple(
        ("cac:AdditionalDocumentReference", ("cbc:ID", Const(name)), ("cbc:DocumentDescription", Const(text)))
        for name, text in (("UBL.BE", kind), ("UBL.BE version", "1.31"))
    )
    tax = ("cac:TaxTotal", _amount("cbc:TaxAmount", "BE-2"))
    return _Beyond(said, (("cbc:Name", "BE-3"),), (("cbc:Name", "BE-1"),), (tax,))


_FRENCH: Final = _Beyond(
    line=(
        Each("FR-LINE", (
            "cac:BillingReference",
            ("cac:InvoiceDocumentReference", ("cbc:ID", "FR-1"), ("cbc:DocumentStatusCode", "FR-163")),
            ("cac:BillingReferenceLine", ("cbc:ID", "FR-162")))),
    ),
    name=(("cbc:NameCode", "FR-159"),),
    value=(("cbc:ValueQuantity", "FR-160", {"unitCode": "FR-161"}),),
)  # fmt: skip
"""What EXTENDED-CTC-FR has besides: lines in groups (a line refers to one of its own invoice), measured attributes."""

INVOICE: Final[Node] = _invoice()
"""UBL Invoice."""

CREDIT_NOTE: Final[Node] = _credit_note()
"""UBL CreditNote: no due date of its own (it stands with the payment means), no project reference."""

BELGIAN: Final = (_invoice(_belgian("CommercialInvoice")), _credit_note(_belgian("CreditNote")))
"""Invoice and CreditNote of UBL.BE 1.31; they are written, not read."""

FRENCH: Final = (_invoice(_FRENCH), _credit_note(_FRENCH))
"""Invoice and CreditNote of EXTENDED-CTC-FR."""
