"""Names that access points give to identifier schemes, by EAS code; a scheme without a name goes by its code."""

from typing import Final

ACCESS_POINT_SCHEMES: Final = {
    "0002": "FR:SIRENE", "0007": "SE:ORGNR", "0009": "FR:SIRET", "0060": "DUNS", "0088": "GLN", "0096": "DK:P",
    "0106": "NL:KVK", "0151": "AU:ABN", "0184": "DK:DIGST", "0190": "NL:OINO", "0192": "NO:ORG", "0195": "SG:UEN",
    "0196": "IS:KTNR", "0198": "DK:ERST", "0204": "DE:LWID", "0208": "BE:EN", "0211": "IT:IVA", "0213": "FI:VAT",
    "9914": "AT:VAT", "9925": "BE:VAT", "9930": "DE:VAT", "9938": "LU:VAT", "9944": "NL:VAT", "9957": "FR:VAT",
}  # fmt: skip


def scheme_name(code: str) -> str:
    """The access point's name of an EAS code.

    >>> scheme_name("0208")
    'BE:EN'
    """
    return ACCESS_POINT_SCHEMES.get(code, code)
