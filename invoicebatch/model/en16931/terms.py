"""The business terms of EN 16931, each with its group, its kind of value and a spelled-out name.

The names are ours, the ids are the standard's; a scheme, unit or code that qualifies a term has the
term's id with a further number (BT-30-1). No syntax and no table is mentioned here.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

DOCUMENT: Final = "INVOICE"
"""The group of terms that stand once on a document."""

LINE: Final = "BG-25"
"""The group of invoice lines."""


class Value(StrEnum):
    """Kinds of value a term can hold.

    AMOUNT: two decimals, int64 cents in frames. PERCENT: up to four decimals, int64 ten-thousandths
    of a percent. QUANTITY: quantities and unit prices, up to ten decimals, Arrow decimal128(28,10).
    DATE: datetime64[s]. CODE and ID hold no white space at their ends nor inside line breaks.
    """

    TEXT = "text"
    ID = "id"
    CODE = "code"
    AMOUNT = "amount"
    PERCENT = "percent"
    QUANTITY = "quantity"
    DATE = "date"
    BINARY = "binary"


@dataclass(frozen=True, slots=True)
class Term:
    """One business term: its id, spelled-out name and kind of value."""

    id: str
    name: str
    value: Value


@dataclass(frozen=True, slots=True)
class Group:
    """A group of terms that can stand several times in its parent."""

    id: str
    name: str
    parent: str
    terms: tuple[Term, ...]


def _terms(text: str) -> tuple[Term, ...]:
    rows = (line.split() for line in text.strip().splitlines())
    return tuple(Term(term_id, name, Value(value)) for term_id, value, name in rows)


_DOCUMENT = _terms("""
BT-24 id SpecificationIdentifier
BT-23 id BusinessProcess
BT-1 id InvoiceNumber
BT-2 date IssueDate
BT-9 date PaymentDueDate
BT-3 code InvoiceTypeCode
BT-7 date TaxPointDate
BT-8 code TaxPointDateCode
BT-5 code InvoiceCurrency
BT-6 code VatAccountingCurrency
BT-19 text BuyerAccountingReference
BT-10 text BuyerReference
BT-73 date PeriodStart
BT-74 date PeriodEnd
BT-13 id PurchaseOrderReference
BT-14 id SalesOrderReference
BT-16 id DespatchAdviceReference
BT-15 id ReceivingAdviceReference
BT-17 id TenderReference
BT-12 id ContractReference
BT-18 id InvoicedObject
BT-18-1 code InvoicedObjectScheme
BT-11 id ProjectReference
BT-34 id SellerElectronicAddress
BT-34-1 code SellerElectronicAddressScheme
BT-28 text SellerTradingName
BT-27 text SellerName
BT-30 id SellerLegalRegistration
BT-30-1 code SellerLegalRegistrationScheme
BT-33 text SellerLegalInformation
BT-31 id SellerVatIdentifier
BT-32 id SellerTaxRegistration
BT-32-1 code SellerTaxRegistrationScheme
BT-35 text SellerStreet
BT-36 text SellerStreetExtra
BT-162 text SellerAddressLine
BT-37 text SellerCity
BT-38 text SellerPostcode
BT-39 text SellerRegion
BT-40 code SellerCountry
BT-41 text SellerContact
BT-42 text SellerTelephone
BT-43 text SellerEmail
BT-49 id BuyerElectronicAddress
BT-49-1 code BuyerElectronicAddressScheme
BT-46 id BuyerIdentifier
BT-46-1 code BuyerIdentifierScheme
BT-45 text BuyerTradingName
BT-44 text BuyerName
BT-47 id BuyerLegalRegistration
BT-47-1 code BuyerLegalRegistrationScheme
BT-48 id BuyerVatIdentifier
BT-50 text BuyerStreet
BT-51 text BuyerStreetExtra
BT-163 text BuyerAddressLine
BT-52 text BuyerCity
BT-53 text BuyerPostcode
BT-54 text BuyerRegion
BT-55 code BuyerCountry
BT-56 text BuyerContact
BT-57 text BuyerTelephone
BT-58 text BuyerEmail
BT-60 id PayeeIdentifier
BT-60-1 code PayeeIdentifierScheme
BT-59 text PayeeName
BT-61 id PayeeLegalRegistration
BT-61-1 code PayeeLegalRegistrationScheme
BT-62 text TaxRepresentativeName
BT-63 id TaxRepresentativeVatIdentifier
BT-64 text TaxRepresentativeStreet
BT-65 text TaxRepresentativeStreetExtra
BT-164 text TaxRepresentativeAddressLine
BT-66 text TaxRepresentativeCity
BT-67 text TaxRepresentativePostcode
BT-68 text TaxRepresentativeRegion
BT-69 code TaxRepresentativeCountry
BT-72 date DeliveryDate
BT-71 id DeliveryLocation
BT-71-1 code DeliveryLocationScheme
BT-75 text DeliveryStreet
BT-76 text DeliveryStreetExtra
BT-165 text DeliveryAddressLine
BT-77 text DeliveryCity
BT-78 text DeliveryPostcode
BT-79 text DeliveryRegion
BT-80 code DeliveryCountry
BT-70 text DeliveryPartyName
BT-90 id CreditorIdentifier
BT-20 text PaymentTerms
BT-106 amount SumOfLines
BT-107 amount SumOfAllowances
BT-108 amount SumOfCharges
BT-109 amount TotalWithoutVat
BT-110 amount TotalVat
BT-111 amount TotalVatInAccountingCurrency
BT-112 amount TotalWithVat
BT-113 amount PrepaidAmount
BT-114 amount RoundingAmount
BT-115 amount AmountDue
""")

_ALLOWANCE_CHARGE = """
{0} amount Amount
{1} amount BaseAmount
{2} percent Percentage
{3} text Reason
{4} code ReasonCode
"""

_TAXED = """
{0} code VatCategory
{1} percent VatRate
"""

_LINE = _terms("""
BT-126 id LineIdentifier
BT-127 text Note
BT-128 id InvoicedObject
BT-128-1 code InvoicedObjectScheme
BT-129 quantity Quantity
BT-130 code Unit
BT-131 amount NetAmount
BT-132 id PurchaseOrderLine
BT-133 text BuyerAccountingReference
BT-134 date PeriodStart
BT-135 date PeriodEnd
BT-154 text ItemDescription
BT-153 text ItemName
BT-156 id BuyersItemIdentifier
BT-155 id SellersItemIdentifier
BT-157 id StandardItemIdentifier
BT-157-1 code StandardItemIdentifierScheme
BT-159 code CountryOfOrigin
BT-151 code VatCategory
BT-152 percent VatRate
BT-146 quantity NetPrice
BT-149 quantity PriceBaseQuantity
BT-150 code PriceBaseUnit
BT-147 quantity PriceDiscount
BT-148 quantity GrossPrice
BE-1 code BelgianCategory
BE-2 amount TaxAmount
""")

GROUPS: Final = {
    group.id: group
    for group in (
        Group(DOCUMENT, "Invoice", "", _DOCUMENT),
        Group("BG-1", "Note", DOCUMENT, _terms("BT-21 code SubjectCode\nBT-22 text Text")),
        Group("BG-3", "PrecedingInvoice", DOCUMENT, _terms("BT-25 id Number\nBT-26 date IssueDate")),
        Group(
            "BG-24",
            "SupportingDocument",
            DOCUMENT,
            _terms("""
BT-122 id Reference
BT-123 text Description
BT-125 binary Content
BT-125-1 code MediaType
BT-125-2 text FileName
BT-124 text Location
"""),
        ),
        Group("BT-29", "SellerIdentifier", DOCUMENT, _terms("BT-29 id Identifier\nBT-29-1 code Scheme")),
        Group(
            "BG-16",
            "PaymentInstruction",
            DOCUMENT,
            _terms("""
BT-81 code MeansCode
BT-82 text MeansText
BT-83 text RemittanceInformation
BT-87 id CardNumber
BT-87-1 code CardNetwork
BT-88 text CardHolder
BT-84 id AccountIdentifier
BT-85 text AccountName
BT-86 id ServiceProvider
BT-89 id MandateReference
BT-91 id DebitedAccount
"""),
        ),
        Group(
            "BG-20",
            "Allowance",
            DOCUMENT,
            _terms(_ALLOWANCE_CHARGE.format("BT-92", "BT-93", "BT-94", "BT-97", "BT-98"))
            + _terms(_TAXED.format("BT-95", "BT-96")),
        ),
        Group(
            "BG-21",
            "Charge",
            DOCUMENT,
            _terms(_ALLOWANCE_CHARGE.format("BT-99", "BT-100", "BT-101", "BT-104", "BT-105"))
            + _terms(_TAXED.format("BT-102", "BT-103")),
        ),
        Group(
            "BG-23",
            "VatBreakdown",
            DOCUMENT,
            _terms("""
BE-3 code BelgianCategory
BT-116 amount TaxableAmount
BT-117 amount TaxAmount
BT-118 code Category
BT-119 percent Rate
BT-121 code ExemptionReasonCode
BT-120 text ExemptionReason
"""),
        ),
        Group(LINE, "Line", DOCUMENT, _LINE),
        Group(
            "BG-27",
            "Allowance",
            LINE,
            _terms(_ALLOWANCE_CHARGE.format("BT-136", "BT-137", "BT-138", "BT-139", "BT-140")),
        ),
        Group(
            "BG-28",
            "Charge",
            LINE,
            _terms(_ALLOWANCE_CHARGE.format("BT-141", "BT-142", "BT-143", "BT-144", "BT-145")),
        ),
        Group(
            "BG-32",
            "ItemAttribute",
            LINE,
            _terms("""
BT-160 text Name
FR-159 code NameCode
BT-161 text Value
FR-160 quantity Measure
FR-161 code MeasureUnit
"""),
        ),
        Group(
            "FR-LINE",
            "LineReference",
            LINE,
            _terms("FR-1 id BilledInvoice\nFR-163 code LineKind\nFR-162 id ParentLine"),
        ),
        Group(
            "BT-158",
            "ItemClassification",
            LINE,
            _terms("BT-158 id Identifier\nBT-158-1 code Scheme\nBT-158-2 text SchemeVersion"),
        ),
        Group(
            "METER",
            "MeterReading",
            LINE,
            _terms("""
METER-1 id ConnectionIdentifier
METER-2 id MeterNumber
METER-3 text Register
METER-4 date DateFrom
METER-5 date DateTo
METER-6 quantity ValueFrom
METER-7 quantity ValueTo
METER-8 quantity Usage
METER-9 code Unit
METER-10 text Method
"""),
        ),
    )
}
"""Every group by id; METER is ours: the meter readings behind a line. BE terms are those of UBL.BE alone, FR terms those of
EXTENDED-CTC-FR (EXT-FR-FE-159 to 163)."""

TERMS: Final = {term.id: term for group in GROUPS.values() for term in group.terms}
"""Every term by id."""

GROUP_OF: Final = {term.id: group.id for group in GROUPS.values() for term in group.terms}
"""The group a term stands in."""

UNCOUNTED: Final = ("GROUP", "INFORMATION")
"""Kinds of line (FR-163) whose amounts are sums of other lines, or none at all."""

CREDIT_NOTE_CODES: Final = frozenset(
    {"81", "83", "261", "262", "296", "308", "381", "396", "420", "458", "532"}
)
"""UNCL 1001 codes that make a document a credit note (EN 16931 BR-CL-01)."""
