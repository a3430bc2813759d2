"""Customer credit transfer initiation, pain.001.001.09 and .03 (EPC132-08): the group and its transfers.

Header and document belong to `message`.
"""

from collections.abc import Iterator
from xml.sax.saxutils import escape

from invoicebatch.formats.pain.message import (
    Message,
    addresses,
    agent,
    amount,
    column,
    counts,
    own_agent,
)


def parts(message: Message) -> Iterator[str]:
    """One PmtInf with all transfers in item order."""
    yield _opening(message)
    yield from _transfers(message)
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


def _transfers(message: Message) -> Iterator[str]:
    items = message.items
    rows = zip(
        *(column(items, name) for name in ("end_to_end_id", "name", "iban", "bic", "remittance")),
        items["amount_cents"].tolist(),
        addresses(items),
        strict=True,
    )
    for end_to_end_id, name, iban, bic, remittance, cents, address in rows:
        bank = agent(message, bic)
        yield (
            f"<CdtTrfTxInf><PmtId><EndToEndId>{end_to_end_id}</EndToEndId></PmtId>"
            f'<Amt><InstdAmt Ccy="EUR">{amount(cents)}</InstdAmt></Amt>'
            f"{f'<CdtrAgt>{bank}</CdtrAgt>' if bank else ''}<Cdtr><Nm>{name}</Nm>{address}</Cdtr>"
            f"<CdtrAcct><Id><IBAN>{iban}</IBAN></Id></CdtrAcct>"
            f"<RmtInf><Ustrd>{remittance}</Ustrd></RmtInf></CdtTrfTxInf>"
        )
