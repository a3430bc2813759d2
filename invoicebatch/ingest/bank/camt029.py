"""Resolution of investigation (camt.029, version 03 on): what the bank did with a recall (camt.055), by level.

Read as a status report is; what the answer says as a whole holds for what has no status of its own.
"""

from datetime import date
from typing import Final

import pandas as pd
from lxml import etree

from invoicebatch.ingest.bank.elements import Paths, Values
from invoicebatch.ingest.bank.entries import GROUP, MESSAGE, TRANSACTION
from invoicebatch.ingest.bank.pain002 import Form, StatusReader

CAMT_029: Final = Form(
    message="GrpCxlSts",
    group="PmtInfCxlSts",
    payment="TxCxlSts",
    reason="CxlStsRsnInf",
    amounts=("OrgnlInstdAmt", "OrgnlTxRef/Amt/InstdAmt", "OrgnlTxRef/InstdAmt"),
)

_CONFIRMED: Final = {"CNCL": "ACCR", "PECR": "PACR"}
"""The whole answer (ISO 20022 ExternalInvestigationExecutionConfirmation1Code) in the words of its parts."""


class RecallReader(StatusReader):
    """Takes the elements of an answer as they end; entries come out."""

    def __init__(self, header: Values, namespace: str, today: date) -> None:
        super().__init__(header | {"MsgId": header.get("Id", "")}, namespace, today, CAMT_029)
        self._whole = Paths(("Sts/Conf",), namespace)
        self._confirmed = ""

    def take(self, element: etree._Element) -> None:
        """One element of `pain002.TAGS`."""
        for root in element.iterancestors() if not self._confirmed else ():
            self._confirmed = self._whole.read(root)[0] or self._confirmed
        super().take(element)

    def frame(self) -> pd.DataFrame:
        """The entries read, see `entries.COLUMNS`; the finest level that is there says what the whole says."""
        entries = super().frame()
        levels = set(entries["level"])
        finest = next((level for level in (TRANSACTION, GROUP, MESSAGE) if level in levels), "")
        silent = entries["level"].eq(finest) & entries["status"].eq("")
        said = _CONFIRMED.get(self._confirmed, self._confirmed)
        return entries.assign(status=entries["status"].mask(silent, said))
