"""Customer payment cancellation request, camt.055.001.08: single payments of one message called back.

Source: EPC130-08 and EPC132-08, recalls; the schema beside it is the part of ISO's that is written here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from io import BytesIO
from typing import Final
from xml.sax.saxutils import escape

import pandas as pd
from lxml import etree

from invoicebatch.errors import RenderError
from invoicebatch.formats.pain.check import schema
from invoicebatch.formats.pain.message import NOT_PROVIDED, amount, counts

VERSION: Final = "camt.055.001.08"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall:
    """What is called back.

    Attributes:
        request_id: id of the request, at most 35 characters.
        created_at: when it was made.
        account_name: who asks.
        bic: its bank; may be empty.
        message_id: MsgId of the message that holds the payments.
        message: that message and its version.
        day: their collection or execution date.
        reason: ISO 20022 cancellation reason, such as CUST.
        items: end_to_end_id, payment_information_id, amount_cents int64 of the payments.
    """

    request_id: str
    created_at: datetime
    account_name: str
    bic: str
    message_id: str
    message: str
    day: date
    reason: str
    items: pd.DataFrame


def recall_file(recall: Recall) -> bytes:
    """The request as UTF-8 XML, valid by its schema.

    Raises:
        RenderError: it is not.
    """
    text = "".join(_parts(recall)).encode()
    try:
        etree.parse(BytesIO(text), etree.XMLParser(schema=schema(VERSION)))
    except etree.XMLSyntaxError as error:
        raise RenderError(f"{recall.request_id} breaks {VERSION}: {error}") from error
    return text


def _parts(recall: Recall) -> Iterator[str]:
    created = recall.created_at.replace(microsecond=0, tzinfo=None).isoformat()
    bank = f"<FinInstnId><BICFI>{escape(recall.bic)}</BICFI></FinInstnId>" if recall.bic else NOT_PROVIDED
    yield (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="urn:iso:std:iso:20022:tech:xsd:{VERSION}">'
        f"<CstmrPmtCxlReq><Assgnmt><Id>{recall.request_id}</Id>"
        f"<Assgnr><Pty><Nm>{escape(recall.account_name)}</Nm></Pty></Assgnr><Assgne><Agt>{bank}</Agt></Assgne>"
        f"<CreDtTm>{created}</CreDtTm></Assgnmt><CtrlData>{counts(recall.items)}</CtrlData><Undrlyg>"
    )
    for group, items in recall.items.groupby("payment_information_id"):
        yield (
            f"<OrgnlPmtInfAndCxl><OrgnlPmtInfId>{group}</OrgnlPmtInfId>"
            f"<OrgnlGrpInf><OrgnlMsgId>{recall.message_id}</OrgnlMsgId>"
            f"<OrgnlMsgNmId>{recall.message}</OrgnlMsgNmId></OrgnlGrpInf>"
            f"{counts(items)}<PmtInfCxl>false</PmtInfCxl>"
        )
        yield from (
            _payment(recall, *row) for row in zip(items["end_to_end_id"], items["amount_cents"], strict=True)
        )
        yield "</OrgnlPmtInfAndCxl>"
    yield "</Undrlyg></CstmrPmtCxlReq></Document>\n"


def _payment(recall: Recall, end_to_end_id: str, cents: int) -> str:
    day = (
        f"<OrgnlReqdColltnDt>{recall.day}</OrgnlReqdColltnDt>"
        if recall.message.startswith("pain.008")
        else f"<OrgnlReqdExctnDt><Dt>{recall.day}</Dt></OrgnlReqdExctnDt>"
    )
    return (
        f"<TxInf><OrgnlEndToEndId>{end_to_end_id}</OrgnlEndToEndId>"
        f'<OrgnlInstdAmt Ccy="EUR">{amount(int(cents))}</OrgnlInstdAmt>{day}'
        f"<CxlRsnInf><Rsn><Cd>{recall.reason}</Cd></Rsn></CxlRsnInf></TxInf>"
    )
