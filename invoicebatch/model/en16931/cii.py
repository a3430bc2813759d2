"""UN/CEFACT Cross Industry Invoice for EN 16931 (Factur-X profiles EN 16931 and EXTENDED), described once."""

from typing import Any, Final

from invoicebatch.model.en16931.description import Compact, Const, Each, Node, Same, describe
from invoicebatch.model.en16931.terms import DOCUMENT, LINE

NAMESPACES: Final = {
    "rsm": "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100",
    "ram": "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100",
    "udt": "urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100",
    "qdt": "urn:un:unece:uncefact:data:standard:QualifiedDataType:100",
}
_PREFIXES: Final = {f"xmlns:{prefix}": Const(uri) for prefix, uri in NAMESPACES.items()}
TAX_POINTS: Final = {"3": "5", "35": "29", "432": "72"}
"""Codes of BT-8 in CII (UNTDID 2475) by those of UBL (UNTDID 2005): date of invoice, of delivery, of payment."""

_VAT: Final = ("ram:TypeCode", Const("VAT"))

Element = tuple[Any, ...]


def _date(element: str, term: str, prefix: str = "udt") -> Element:
    return (element, (f"{prefix}:DateTimeString", Compact(term), {"format": Const("102")}))


def _indicator(charge: bool) -> Element:
    return ("ram:ChargeIndicator", ("udt:Indicator", Const("true" if charge else "false")))


def _address(
    postcode: str, street: str, extra: str, line: str, city: str, country: str, region: str
) -> Element:
    return (
        "ram:PostalTradeAddress",
        ("ram:PostcodeCode", postcode),
        ("ram:LineOne", street),
        ("ram:LineTwo", extra),
        ("ram:LineThree", line),
        ("ram:CityName", city),
        ("ram:CountryID", country),
        ("ram:CountrySubDivisionName", region),
    )


def _contact(name: str, telephone: str, mail: str) -> Element:
    return (
        "ram:DefinedTradeContact",
        ("ram:PersonName", name),
        ("ram:TelephoneUniversalCommunication", ("ram:CompleteNumber", telephone)),
        ("ram:EmailURIUniversalCommunication", ("ram:URIID", mail)),
    )


def _identifier(term: str) -> Element:
    """An identifier with its scheme; one without is written as `ram:ID`."""
    return ("ram:GlobalID", term, {"schemeID": f"{term}-1"})


def _registered(term: str, scheme: str) -> Element:
    return ("ram:SpecifiedTaxRegistration", ("ram:ID", term, {"schemeID": Const(scheme)}))


def _electronic(term: str) -> Element:
    return ("ram:URIUniversalCommunication", ("ram:URIID", term, {"schemeID": f"{term}-1"}))


def _allowance(group: str, charge: bool, terms: tuple[str, ...]) -> Each:
    amount, base, percentage, reason, code, *tax = terms
    category: tuple[Element, ...] = ()
    if tax:
        category = (
            (
                "ram:CategoryTradeTax",
                _VAT,
                ("ram:CategoryCode", tax[0]),
                ("ram:RateApplicablePercent", tax[1]),
            ),
        )
    return Each(
        group,
        (
            "ram:SpecifiedTradeAllowanceCharge",
            _indicator(charge),
            ("ram:CalculationPercent", percentage),
            ("ram:BasisAmount", base),
            ("ram:ActualAmount", amount),
            ("ram:ReasonCode", code),
            ("ram:Reason", reason),
            *category,
        ),
    )


def _lines(extended: bool) -> Each:
    """Lines; in groups and with measured attributes where the profile is EXTENDED (BT-X-304, BT-X-8, BT-X-12)."""
    group = ("ram:ParentLineID", "FR-162"), ("ram:LineStatusReasonCode", "FR-163")
    code, measure = ("ram:TypeCode", "FR-159"), ("ram:ValueMeasure", "FR-160", {"unitCode": "FR-161"})
    return Each(
        LINE,
        (
            "ram:IncludedSupplyChainTradeLineItem",
            (
                "ram:AssociatedDocumentLineDocument",
                ("ram:LineID", "BT-126"),
                *(group if extended else ()),
                ("ram:IncludedNote", ("ram:Content", "BT-127")),
            ),
            (
                "ram:SpecifiedTradeProduct",
                ("ram:GlobalID", "BT-157", {"schemeID": "BT-157-1"}),
                ("ram:SellerAssignedID", "BT-155"),
                ("ram:BuyerAssignedID", "BT-156"),
                ("ram:Name", "BT-153"),
                ("ram:Description", "BT-154"),
                Each(
                    "BG-32",
                    (
                        "ram:ApplicableProductCharacteristic",
                        *((code,) if extended else ()),
                        ("ram:Description", "BT-160"),
                        *((measure,) if extended else ()),
                        ("ram:Value", "BT-161"),
                    ),
                ),
                Each(
                    "BT-158",
                    (
                        "ram:DesignatedProductClassification",
                        ("ram:ClassCode", "BT-158", {"listID": "BT-158-1", "listVersionID": "BT-158-2"}),
                    ),
                ),
                ("ram:OriginTradeCountry", ("ram:ID", "BT-159")),
            ),
            (
                "ram:SpecifiedLineTradeAgreement",
                ("ram:BuyerOrderReferencedDocument", ("ram:LineID", "BT-132")),
                (
                    "ram:GrossPriceProductTradePrice",
                    ("ram:ChargeAmount", "BT-148"),
                    (
                        "ram:AppliedTradeAllowanceCharge",
                        _indicator(charge=False),
                        ("ram:ActualAmount", "BT-147"),
                    ),
                ),
                (
                    "ram:NetPriceProductTradePrice",
                    ("ram:ChargeAmount", "BT-146"),
                    ("ram:BasisQuantity", "BT-149", {"unitCode": "BT-150"}),
                ),
            ),
            ("ram:SpecifiedLineTradeDelivery", ("ram:BilledQuantity", "BT-129", {"unitCode": "BT-130"})),
            (
                "ram:SpecifiedLineTradeSettlement",
                (
                    "ram:ApplicableTradeTax",
                    _VAT,
                    ("ram:CategoryCode", "BT-151"),
                    ("ram:RateApplicablePercent", "BT-152"),
                ),
                (
                    "ram:BillingSpecifiedPeriod",
                    _date("ram:StartDateTime", "BT-134"),
                    _date("ram:EndDateTime", "BT-135"),
                ),
                _allowance("BG-27", False, ("BT-136", "BT-137", "BT-138", "BT-139", "BT-140")),
                _allowance("BG-28", True, ("BT-141", "BT-142", "BT-143", "BT-144", "BT-145")),
                (
                    "ram:SpecifiedTradeSettlementLineMonetarySummation",
                    ("ram:LineTotalAmount", "BT-131"),
                ),
                (
                    "ram:AdditionalReferencedDocument",
                    ("ram:IssuerAssignedID", "BT-128"),
                    ("ram:TypeCode", Const("130")),
                    ("ram:ReferenceTypeCode", "BT-128-1"),
                ),
                ("ram:ReceivableSpecifiedTradeAccountingAccount", ("ram:ID", "BT-133")),
            ),
        ),
    )


_AGREEMENT: Final = (
    "ram:ApplicableHeaderTradeAgreement",
    ("ram:BuyerReference", "BT-10"),
    (
        "ram:SellerTradeParty",
        Each("BT-29", _identifier("BT-29")),
        ("ram:Name", "BT-27"),
        ("ram:Description", "BT-33"),
        (
            "ram:SpecifiedLegalOrganization",
            ("ram:ID", "BT-30", {"schemeID": "BT-30-1"}),
            ("ram:TradingBusinessName", "BT-28"),
        ),
        _contact("BT-41", "BT-42", "BT-43"),
        _address("BT-38", "BT-35", "BT-36", "BT-162", "BT-37", "BT-40", "BT-39"),
        _electronic("BT-34"),
        _registered("BT-31", "VA"),
        _registered("BT-32", "FC"),
    ),
    (
        "ram:BuyerTradeParty",
        _identifier("BT-46"),
        ("ram:Name", "BT-44"),
        (
            "ram:SpecifiedLegalOrganization",
            ("ram:ID", "BT-47", {"schemeID": "BT-47-1"}),
            ("ram:TradingBusinessName", "BT-45"),
        ),
        _contact("BT-56", "BT-57", "BT-58"),
        _address("BT-53", "BT-50", "BT-51", "BT-163", "BT-52", "BT-55", "BT-54"),
        _electronic("BT-49"),
        _registered("BT-48", "VA"),
    ),
    (
        "ram:SellerTaxRepresentativeTradeParty",
        ("ram:Name", "BT-62"),
        _address("BT-67", "BT-64", "BT-65", "BT-164", "BT-66", "BT-69", "BT-68"),
        _registered("BT-63", "VA"),
    ),
    ("ram:SellerOrderReferencedDocument", ("ram:IssuerAssignedID", "BT-14")),
    ("ram:BuyerOrderReferencedDocument", ("ram:IssuerAssignedID", "BT-13")),
    ("ram:ContractReferencedDocument", ("ram:IssuerAssignedID", "BT-12")),
    Each(
        "BG-24",
        (
            "ram:AdditionalReferencedDocument",
            ("ram:IssuerAssignedID", "BT-122"),
            ("ram:URIID", "BT-124"),
            ("ram:TypeCode", Const("916")),
            ("ram:Name", "BT-123"),
            ("ram:AttachmentBinaryObject", "BT-125", {"mimeCode": "BT-125-1", "filename": "BT-125-2"}),
        ),
    ),
    (
        "ram:AdditionalReferencedDocument",
        ("ram:IssuerAssignedID", "BT-17"),
        ("ram:TypeCode", Const("50")),
    ),
    (
        "ram:AdditionalReferencedDocument",
        ("ram:IssuerAssignedID", "BT-18"),
        ("ram:TypeCode", Const("130")),
        ("ram:ReferenceTypeCode", "BT-18-1"),
    ),
    (
        "ram:SpecifiedProcuringProject",
        ("ram:ID", "BT-11"),
        ("ram:Name", Same("BT-11")),
    ),
)

_DELIVERY: Final = (
    "ram:ApplicableHeaderTradeDelivery",
    (
        "ram:ShipToTradeParty",
        _identifier("BT-71"),
        ("ram:Name", "BT-70"),
        _address("BT-78", "BT-75", "BT-76", "BT-165", "BT-77", "BT-80", "BT-79"),
    ),
    ("ram:ActualDeliverySupplyChainEvent", _date("ram:OccurrenceDateTime", "BT-72")),
    ("ram:DespatchAdviceReferencedDocument", ("ram:IssuerAssignedID", "BT-16")),
    ("ram:ReceivingAdviceReferencedDocument", ("ram:IssuerAssignedID", "BT-15")),
)

_MEANS: Final = Each(
    "BG-16",
    (
        "ram:SpecifiedTradeSettlementPaymentMeans",
        ("ram:TypeCode", "BT-81"),
        ("ram:Information", "BT-82"),
        (
            "ram:ApplicableTradeSettlementFinancialCard",
            ("ram:ID", "BT-87"),
            ("ram:CardholderName", "BT-88"),
        ),
        ("ram:PayerPartyDebtorFinancialAccount", ("ram:IBANID", "BT-91")),
        (
            "ram:PayeePartyCreditorFinancialAccount",
            ("ram:IBANID", "BT-84"),
            ("ram:AccountName", "BT-85"),
        ),
        ("ram:PayeeSpecifiedCreditorFinancialInstitution", ("ram:BICID", "BT-86")),
    ),
)

_SETTLEMENT: Final = (
    "ram:ApplicableHeaderTradeSettlement",
    ("ram:CreditorReferenceID", "BT-90"),
    ("ram:PaymentReference", "BT-83"),
    ("ram:TaxCurrencyCode", "BT-6"),
    ("ram:InvoiceCurrencyCode", "BT-5"),
    (
        "ram:PayeeTradeParty",
        _identifier("BT-60"),
        ("ram:Name", "BT-59"),
        ("ram:SpecifiedLegalOrganization", ("ram:ID", "BT-61", {"schemeID": "BT-61-1"})),
    ),
    _MEANS,
    Each(
        "BG-23",
        (
            "ram:ApplicableTradeTax",
            ("ram:CalculatedAmount", "BT-117"),
            _VAT,
            ("ram:ExemptionReason", "BT-120"),
            ("ram:BasisAmount", "BT-116"),
            ("ram:CategoryCode", "BT-118"),
            ("ram:ExemptionReasonCode", "BT-121"),
            ("ram:TaxPointDate", ("udt:DateString", Compact("BT-7"), {"format": Const("102")})),
            ("ram:DueDateTypeCode", Same("BT-8")),
            ("ram:RateApplicablePercent", "BT-119"),
        ),
    ),
    (
        "ram:BillingSpecifiedPeriod",
        _date("ram:StartDateTime", "BT-73"),
        _date("ram:EndDateTime", "BT-74"),
    ),
    _allowance("BG-20", False, ("BT-92", "BT-93", "BT-94", "BT-97", "BT-98", "BT-95", "BT-96")),
    _allowance("BG-21", True, ("BT-99", "BT-100", "BT-101", "BT-104", "BT-105", "BT-102", "BT-103")),
    (
        "ram:SpecifiedTradePaymentTerms",
        ("ram:Description", "BT-20"),
        _date("ram:DueDateDateTime", "BT-9"),
        ("ram:DirectDebitMandateID", "BT-89"),
    ),
    (
        "ram:SpecifiedTradeSettlementHeaderMonetarySummation",
        ("ram:LineTotalAmount", "BT-106"),
        ("ram:ChargeTotalAmount", "BT-108"),
        ("ram:AllowanceTotalAmount", "BT-107"),
        ("ram:TaxBasisTotalAmount", "BT-109"),
        ("ram:TaxTotalAmount", "BT-110", {"currencyID": Same("BT-5")}),
        ("ram:TaxTotalAmount", "BT-111", {"currencyID": Same("BT-6")}),
        ("ram:RoundingAmount", "BT-114"),
        ("ram:GrandTotalAmount", "BT-112"),
        ("ram:TotalPrepaidAmount", "BT-113"),
        ("ram:DuePayableAmount", "BT-115"),
    ),
    Each(
        "BG-3",
        (
            "ram:InvoiceReferencedDocument",
            ("ram:IssuerAssignedID", "BT-25"),
            _date("ram:FormattedIssueDateTime", "BT-26", "qdt"),
        ),
    ),
    ("ram:ReceivableSpecifiedTradeAccountingAccount", ("ram:ID", "BT-19")),
)


def _document(extended: bool = False) -> Node:
    return describe(
        (
            "rsm:CrossIndustryInvoice",
            _PREFIXES,
            (
                "rsm:ExchangedDocumentContext",
                ("ram:BusinessProcessSpecifiedDocumentContextParameter", ("ram:ID", "BT-23")),
                ("ram:GuidelineSpecifiedDocumentContextParameter", ("ram:ID", "BT-24")),
            ),
            (
                "rsm:ExchangedDocument",
                ("ram:ID", "BT-1"),
                ("ram:TypeCode", "BT-3"),
                _date("ram:IssueDateTime", "BT-2"),
                Each("BG-1", ("ram:IncludedNote", ("ram:Content", "BT-22"), ("ram:SubjectCode", "BT-21"))),
            ),
            ("rsm:SupplyChainTradeTransaction", _lines(extended), _AGREEMENT, _DELIVERY, _SETTLEMENT),
        ),
        DOCUMENT,
    )


CROSS_INDUSTRY_INVOICE: Final[Node] = _document()
"""CII; payment reference and mandate stand once on a document, so they are document terms here."""

EXTENDED: Final[Node] = _document(extended=True)
"""CII of the profile EXTENDED; the group of a line is a term of the line here."""
