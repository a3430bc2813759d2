"""Customer direct debit initiation, pain.008.001.08 and .02 (EPC130-08, EPC131-08): the groups and debits.

Header and document belong to `message`.
"""

from collections.abc import Iterator
from typing import Final
from xml.sax.saxutils import escape

import pandas as pd

from invoicebatch.formats.pain.message import Message, counts, own_agent
from invoicebatch.formats.pain.texts import (
    Texts,
    addresses,
    agents,
    amounts,
    as_text,
    column,
    days,
    element,
    joined,
    remittances,
    slices,
    where_any,
)

_SAME_MANDATE_NEW_ACCOUNT: Final = "<OrgnlDbtrAcct><Id><Othr><Id>SMNDA</Id></Othr></Id></OrgnlDbtrAcct>"
"""The debtor's account changed since the last collection (SMNDA: same mandate, new debtor account)."""


def parts(message: Message) -> Iterator[str]:
    """One PmtInf a sequence type (and local instrument, of which there is one), its debits in item order."""
    groups = message.items.groupby(["scheme", "sequence_type"], observed=True, sort=True)
    for (scheme, sequence_type), items in groups:
        yield _opening(message, items, str(scheme), str(sequence_type))
        yield from (_debits(message, some) for some in slices(items))
        yield "</PmtInf>"


def _opening(message: Message, items: pd.DataFrame, scheme: str, sequence_type: str) -> str:
    return (
        f"<PmtInf><PmtInfId>{items['payment_information_id'].iloc[0]}</PmtInfId><PmtMtd>DD</PmtMtd>"
        f"<BtchBookg>{str(message.batch_booking).lower()}</BtchBookg>{counts(items)}"
        f"<PmtTpInf><SvcLvl><Cd>SEPA</Cd></SvcLvl><LclInstrm><Cd>{scheme}</Cd></LclInstrm>"
        f"<SeqTp>{sequence_type}</SeqTp></PmtTpInf><ReqdColltnDt>{message.requested_date}</ReqdColltnDt>"
        f"<Cdtr><Nm>{escape(message.account_name)}</Nm></Cdtr>"
        f"<CdtrAcct><Id><IBAN>{message.iban}</IBAN></Id></CdtrAcct><CdtrAgt>{own_agent(message)}</CdtrAgt>"
        "<ChrgBr>SLEV</ChrgBr><CdtrSchmeId><Id><PrvtId><Othr>"
        f"<Id>{escape(message.creditor_id)}</Id><SchmeNm><Prtry>SEPA</Prtry></SchmeNm>"
        "</Othr></PrvtId></Id></CdtrSchmeId>"
    )


def _debits(message: Message, items: pd.DataFrame) -> str:
    """The debits one after the other."""
    mandate_ids = joined("<MndtId>", column(items, "mandate_id"), "</MndtId>")
    return as_text(
        joined(
            "<DrctDbtTxInf><PmtId><EndToEndId>", column(items, "end_to_end_id"), "</EndToEndId></PmtId>",
            '<InstdAmt Ccy="EUR">', amounts(items), "</InstdAmt><DrctDbtTx><MndtRltdInf>", mandate_ids,
            "<DtOfSgntr>", days(items, "mandate_signed_on"), "</DtOfSgntr>", _amendments(items),
            "</MndtRltdInf></DrctDbtTx><DbtrAgt>", agents(message, column(items, "bic")), "</DbtrAgt>",
            "<Dbtr><Nm>", column(items, "name"), "</Nm>", addresses(items), "</Dbtr>",
            "<DbtrAcct><Id><IBAN>", column(items, "iban"), "</IBAN></Id></DbtrAcct>",
            "<RmtInf>", remittances(items), "</RmtInf></DrctDbtTxInf>",
        )
    )  # fmt: skip


def _amendments(items: pd.DataFrame) -> Texts:
    """What changed of a mandate since its last collection (EPC130-08, AT-24)."""
    account = where_any(column(items, "previous_iban"), _SAME_MANDATE_NEW_ACCOUNT)
    changes = joined(element("OrgnlMndtId", column(items, "previous_mandate_id")), account)
    return where_any(
        changes, joined("<AmdmntInd>true</AmdmntInd><AmdmntInfDtls>", changes, "</AmdmntInfDtls>")
    )
