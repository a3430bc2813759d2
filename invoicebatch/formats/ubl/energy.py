"""The Dutch energy extension of UBL (Standaard Energie eFactuur 3.1): connections, meters and readings.

It goes into `ext:UBLExtensions`, ahead of everything else, and leaves the invoice itself as it is.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd

from invoicebatch.formats.serializer import serialize
from invoicebatch.model.en16931.description import Const, Each, Node, describe
from invoicebatch.model.en16931.frames import PARENT, Groups, document_of
from invoicebatch.model.en16931.terms import DOCUMENT
from invoicebatch.model.en16931.ubl import NAMESPACES

EXTENSION_NAMESPACE: Final = "urn:oasis:names:specification:ubl:schema:xsd:CommonExtensionComponents-2"
SEEF_NAMESPACE: Final = "urn:www.energie-efactuur.nl:profile:invoice:ver3.1"

METHODS: Final = {"actual": "MRM001", "customer": "MRM002", "estimated": "MRM003"}
"""SEeF:MeterReadingMethods by our word; other words go out as they are."""

_METHODS_LIST: Final = {"listID": Const("SEeF:MeterReadingMethods")}

READINGS: Final[Node] = describe(
    (
        "ext:UBLExtensions",
        {
            "xmlns:ext": Const(EXTENSION_NAMESPACE),
            "xmlns:seef": Const(SEEF_NAMESPACE),
            "xmlns:cbc": Const(NAMESPACES["cbc"]),
        },
        (
            "ext:UBLExtension",
            (
                "ext:ExtensionContent",
                (
                    "seef:SEEFExtensionWrapper",
                    Each(
                        "METER",
                        (
                            "seef:UtilityConsumptionPoint",
                            ("cbc:ID", "METER-1"),
                            (
                                "seef:UtilityMeter",
                                ("seef:MeterNumber", "METER-2"),
                                (
                                    "seef:MeterReading",
                                    (
                                        "seef:MeterReadingTypeCode",
                                        "METER-3",
                                        {"listID": Const("SEeF:MeterReadingTypes")},
                                    ),
                                    ("seef:PreviousMeterReadingDate", "METER-4"),
                                    ("seef:PreviousMeterQuantity", "METER-6", {"unitCode": "METER-9"}),
                                    ("seef:LatestMeterReadingDate", "METER-5"),
                                    ("seef:LatestMeterQuantity", "METER-7", {"unitCode": "METER-9"}),
                                    ("seef:PreviousMeterReadingMethodCode", "METER-10", _METHODS_LIST),
                                    ("seef:LatestMeterReadingMethodCode", "METER-10", _METHODS_LIST),
                                    ("seef:ConsumptionQuantity", "METER-8", {"unitCode": "METER-9"}),
                                ),
                            ),
                        ),
                    ),
                ),
            ),
        ),
    ),
    DOCUMENT,
)
"""One consumption point a reading: the schema lets the same connection stand more than once."""


def with_energy_extension(documents: Sequence[bytes], groups: Groups) -> list[bytes]:
    """The documents with their meter readings in the extension; those without readings unchanged.

    Args:
        documents: UBL documents, one a row of the `INVOICE` group.
        groups: their terms, with the METER group.
    """
    readings = _by_document(groups)
    if readings.empty:
        return list(documents)
    extensions = serialize(READINGS, {DOCUMENT: groups[DOCUMENT], "METER": readings})
    has = np.bincount(readings[PARENT], minlength=len(documents)) > 0
    return [
        _inserted(document, extension) if with_readings else document
        for document, extension, with_readings in zip(documents, extensions, has, strict=True)
    ]


def _by_document(groups: Groups) -> pd.DataFrame:
    readings = groups["METER"]
    if readings.empty:
        return readings
    named = readings["METER-10"].str.lower().map(METHODS).fillna(readings["METER-10"])
    result = readings.copy()
    result[PARENT], result["METER-10"] = document_of(groups, "METER"), named
    return result


def _inserted(document: bytes, extension: bytes) -> bytes:
    start = document.index(b">", document.index(b"xmlns")) + 1
    body = extension[extension.index(b"<ext:") :]
    return document[:start] + body + document[start:]
