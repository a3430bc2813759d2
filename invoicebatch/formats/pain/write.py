"""The document around the payments: root element, group header, and the bytes on their way out.

What a group or payment looks like is in `pain008` and `pain001`.
"""

from typing import BinaryIO
from xml.sax.saxutils import escape

from invoicebatch.formats.pain import pain001, pain008
from invoicebatch.formats.pain.message import Message, counts


def write_message(message: Message, out: BinaryIO) -> None:
    """Write the message as UTF-8 XML.

    Raises:
        ValueError: a message without items, which no bank takes.
    """
    if message.items.empty:
        raise ValueError("a bank file needs at least one payment")
    debits = message.version.startswith("pain.008")
    parts = pain008.parts(message) if debits else pain001.parts(message)
    root = "CstmrDrctDbtInitn" if debits else "CstmrCdtTrfInitn"
    out.write(f'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="{message.namespace}">'.encode())
    out.write(f"<{root}>{_header(message)}".encode())
    out.writelines(text.encode() for text in parts)
    out.write(f"</{root}></Document>\n".encode())


def _header(message: Message) -> str:
    created = message.created_at.replace(microsecond=0, tzinfo=None).isoformat()
    told = (
        f"<Authstn><Prtry>{escape(message.authorisation)}</Prtry></Authstn>" if message.authorisation else ""
    )
    return (
        f"<GrpHdr><MsgId>{escape(message.message_id)}</MsgId><CreDtTm>{created}</CreDtTm>{told}"
        f"{counts(message.items)}<InitgPty><Nm>{escape(message.account_name)}</Nm></InitgPty></GrpHdr>"
    )
