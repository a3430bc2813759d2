"""Customer direct debit initiation, pain.008.001.08 and .02 (EPC130-08, EPC131-08): the groups and debits.

Header and document belong to `message`.
"""

from collections.abc import Iterator
from typing import Final
from xml.sax.saxutils import escape

import pandas as pd

from invoicebatch.formats.pain.message import (
    NOT_PROVIDED,
    Message,
    addresses,
    agent,
    amount,
    column,
    counts,
    own_agent,
    remittances,
)

_SAME_MANDATE_NEW_ACCOUNT: Final = "<OrgnlDbtrAcct><Id><Othr><Id>SMNDA</Id></Othr></Id></OrgnlDbtrAcct>"
"""The debtor's account changed since the last collection (SMNDA: same mandate, new debtor account)."""


def parts(message: Message) -> Iterator[str]:
    """One PmtInf a sequence type (and local instrument, of which there is one), its debits in item order."""
    groups = message.items.groupby(["scheme", "sequence_type"], observed=True, sort=True)
    for (scheme, sequence_type), items in groups:
        yield _opening(message, items, str(scheme), str(sequence_type))
        yield from _debits(message, items)
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


def _debits(message: Message, items: pd.DataFrame) -> Iterator[str]:
    texts = ("end_to_end_id", "mandate_id", "name", "iban", "bic", "previous_mandate_id", "previous_iban")
    rows = zip(
        *(column(items, name) for name in texts),
        items["amount_cents"].tolist(),
        items["mandate_signed_on"].dt.strftime("%Y-%m-%d").tolist(),
        addresses(items),
        remittances(items),
        strict=True,
    )
    for (
        end_to_end_id,
        mandate_id,
        name,
        iban,
        bic,
        old_id,
        old_iban,
        cents,
        signed,
        address,
        remittance,
    ) in rows:
        yield (
            f"<DrctDbtTxInf><PmtId><EndToEndId>{end_to_end_id}</EndToEndId></PmtId>"
            f'<InstdAmt Ccy="EUR">{amount(cents)}</InstdAmt><DrctDbtTx><MndtRltdInf>'
            f"<MndtId>{mandate_id}</MndtId><DtOfSgntr>{signed}</DtOfSgntr>"
            f"{_amendment(old_id, old_iban)}</MndtRltdInf></DrctDbtTx>"
            f"<DbtrAgt>{agent(message, bic) or NOT_PROVIDED}</DbtrAgt><Dbtr><Nm>{name}</Nm>{address}</Dbtr>"
            f"<DbtrAcct><Id><IBAN>{iban}</IBAN></Id></DbtrAcct>"
            f"<RmtInf>{remittance}</RmtInf></DrctDbtTxInf>"
        )


def _amendment(previous_mandate_id: str, previous_iban: str) -> str:
    """What changed of the mandate since its last collection (EPC130-08, AT-24)."""
    changes = f"<OrgnlMndtId>{previous_mandate_id}</OrgnlMndtId>" if previous_mandate_id else ""
    changes += _SAME_MANDATE_NEW_ACCOUNT if previous_iban else ""
    return f"<AmdmntInd>true</AmdmntInd><AmdmntInfDtls>{changes}</AmdmntInfDtls>" if changes else ""
