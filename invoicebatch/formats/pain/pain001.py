"""Customer credit transfer initiation, pain.001.001.09 and .03 (EPC132-08): the group and its transfers.

Header and document belong to `message`.
"""

from collections.abc import Iterator
from xml.sax.saxutils import escape

import pandas as pd

from invoicebatch.formats.pain.message import Message, counts, own_agent
from invoicebatch.formats.pain.texts import (
    addresses,
    agents,
    amounts,
    as_text,
    column,
    element,
    joined,
    slices,
)


def parts(message: Message) -> Iterator[str]:
    """One PmtInf with all transfers in item order."""
    yield _opening(message)
    yield from (_transfers(message, some) for some in slices(message.items))
    yield "</PmtInf>"


def _opening(message: Message) -> str:
    day = str(message.requested_date)
    instant = message.items["scheme"].iloc[0] == "INST"
    instrument = "<LclInstrm><Cd>INST</Cd></LclInstrm>" if instant else ""
    return (
        f"<PmtInf><PmtInfId>{message.items['payment_information_id'].iloc[0]}</PmtInfId><PmtMtd>TRF</PmtMtd>"
        f"<BtchBookg>{str(message.batch_booking).lower()}</BtchBookg>{counts(message.items)}"
        f"<PmtTpInf><SvcLvl><Cd>SEPA</Cd></SvcLvl>{instrument}</PmtTpInf>"
        f"<ReqdExctnDt>{day if message.version.endswith('.03') else f'<Dt>{day}</Dt>'}</ReqdExctnDt>"
        f"<Dbtr><Nm>{escape(message.account_name)}</Nm></Dbtr>"
        f"<DbtrAcct><Id><IBAN>{message.iban}</IBAN></Id></DbtrAcct><DbtrAgt>{own_agent(message)}</DbtrAgt>"
        "<ChrgBr>SLEV</ChrgBr>"
    )


def _transfers(message: Message, items: pd.DataFrame) -> str:
    """The transfers one after the other."""
    banks = agents(message, column(items, "bic"), otherwise="")
    return as_text(
        joined(
            "<CdtTrfTxInf><PmtId><EndToEndId>", column(items, "end_to_end_id"), "</EndToEndId></PmtId>",
            '<Amt><InstdAmt Ccy="EUR">', amounts(items), "</InstdAmt></Amt>", element("CdtrAgt", banks),
            "<Cdtr><Nm>", column(items, "name"), "</Nm>", addresses(items), "</Cdtr>",
            "<CdtrAcct><Id><IBAN>", column(items, "iban"), "</IBAN></Id></CdtrAcct>",
            "<RmtInf><Ustrd>", column(items, "remittance"), "</Ustrd></RmtInf></CdtTrfTxInf>",
        )
    )  # fmt: skip
