"""Bank reports as text, built from the parts of the ISO 20022 messages that banks fill in."""

from collections.abc import Iterable

ACCOUNT = "NL91ABNA0417164300"
_ROOTS = {
    "camt.052": ("BkToCstmrAcctRpt", "Rpt"),
    "camt.053": ("BkToCstmrStmt", "Stmt"),
    "camt.054": ("BkToCstmrDbtCdtNtfctn", "Ntfctn"),
}


def money(tag: str, amount: str, currency: str = "EUR") -> str:
    return f'<{tag} Ccy="{currency}">{amount}</{tag}>' if amount else ""


def returned(code: str, words: str = "") -> str:
    more = f"<AddtlInf>{words}</AddtlInf>" if words else ""
    return f"<RtrInf><Rsn><Cd>{code}</Cd></Rsn>{more}</RtrInf>"


def transaction(
    end_to_end: str = "",
    amount: str = "121.00",
    sign: str = "CRDT",
    extra: str = "",
    *,
    instructed: str = "",
    refs: str = "",
    charges: str = "",
    currency: str = "EUR",
) -> str:
    reference = f"<EndToEndId>{end_to_end}</EndToEndId>" if end_to_end else ""
    ordered = f"<AmtDtls><InstdAmt>{money('Amt', instructed)}</InstdAmt></AmtDtls>" if instructed else ""
    took = f"<Chrgs>{money('TtlChrgsAndTaxAmt', charges)}</Chrgs>" if charges else ""
    way = f"<CdtDbtInd>{sign}</CdtDbtInd>" if sign else ""
    return f"<TxDtls><Refs>{refs}{reference}</Refs>{money('Amt', amount, currency)}{way}{ordered}{took}{extra}</TxDtls>"


def entry(
    amount: str,
    sign: str = "CRDT",
    details: str = "",
    *,
    day: str = "2026-12-01",
    batch: str = "",
    reference: str = "",
    reversal: bool = False,
    status: str = "<Cd>BOOK</Cd>",
) -> str:
    return (
        f"<Ntry>{money('Amt', amount)}<CdtDbtInd>{sign}</CdtDbtInd>{'<RvslInd>true</RvslInd>' if reversal else ''}"
        f"<Sts>{status}</Sts><BookgDt><Dt>{day}</Dt></BookgDt><ValDt><Dt>{day}</Dt></ValDt>"
        f"{f'<AcctSvcrRef>{reference}</AcctSvcrRef>' if reference else ''}"
        f"<NtryDtls>{batch}{details}</NtryDtls></Ntry>"
    )


def batch(group: str = "", number: int | None = None, total: str = "", message: str = "") -> str:
    parts = (("MsgId", message), ("PmtInfId", group), ("NbOfTxs", str(number) if number else ""))
    ids = "".join(f"<{tag}>{text}</{tag}>" for tag, text in parts if text)
    return f"<Btch>{ids}{money('TtlAmt', total)}</Btch>"


def balance(code: str, amount: str, sign: str = "CRDT") -> str:
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>{money('Amt', amount)}<CdtDbtInd>{sign}</CdtDbtInd>"
        "<Dt><Dt>2026-12-01</Dt></Dt></Bal>"
    )


def statement(
    *entries: str,
    name: str = "S1",
    account: str = ACCOUNT,
    number: int | None = None,
    balances: Iterable[str] = (),
    made: str = "2026-12-01T20:00:00",
    tag: str = "Stmt",
) -> str:
    sequence = f"<ElctrncSeqNb>{number}</ElctrncSeqNb>" if number else ""
    return (
        f"<{tag}><Id>{name}</Id>{sequence}<CreDtTm>{made}</CreDtTm><Acct><Id><IBAN>{account}</IBAN></Id>"
        f"<Ccy>EUR</Ccy></Acct>{''.join(balances)}{''.join(entries)}</{tag}>"
    )


def camt(*statements: str, message: str = "camt.053.001.08", report: str = "CAMT1") -> str:
    """A whole file; its statements are named by the message."""
    root, tag = _ROOTS[message[:8]]
    body = "".join(statements).replace("<Stmt>", f"<{tag}>").replace("</Stmt>", f"</{tag}>")
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:{message}"><{root}>'
        f"<GrpHdr><MsgId>{report}</MsgId><CreDtTm>2026-12-01T20:00:00</CreDtTm></GrpHdr>{body}</{root}></Document>"
    )


def status_report(
    message: str, group_status: str = "", infos: str = "", report: str = "BANK1", version: str = "10"
) -> str:
    status = f"<GrpSts>{group_status}</GrpSts>" if group_status else ""
    return (
        f'<?xml version="1.0"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.{version}"><CstmrPmtStsRpt>'
        f"<GrpHdr><MsgId>{report}</MsgId><CreDtTm>2026-11-30T08:00:00</CreDtTm></GrpHdr>"
        f"<OrgnlGrpInfAndSts><OrgnlMsgId>{message}</OrgnlMsgId><OrgnlMsgNmId>pain.008.001.08</OrgnlMsgNmId>{status}"
        f"</OrgnlGrpInfAndSts>{infos}</CstmrPmtStsRpt></Document>"
    )


def group_status(group: str, status: str = "", *transactions: str) -> str:
    own = f"<PmtInfSts>{status}</PmtInfSts>" if status else ""
    return f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>{group}</OrgnlPmtInfId>{own}{''.join(transactions)}</OrgnlPmtInfAndSts>"


def payment_status(end_to_end: str, status: str, reason: str = "", tag: str = "OrgnlEndToEndId") -> str:
    why = (
        f"<StsRsnInf><Rsn><Cd>{reason}</Cd></Rsn><AddtlInf>as the bank says</AddtlInf></StsRsnInf>"
        if reason
        else ""
    )
    return f"<TxInfAndSts><{tag}>{end_to_end}</{tag}><TxSts>{status}</TxSts>{why}</TxInfAndSts>"


def recall_answer(
    *parts: str, confirmed: str = "", report: str = "ANSWER1", version: str = "09", message: str = ""
) -> str:
    """A whole camt.029: what the bank did with a recall; `parts` are groups and payments."""
    status = f"<Sts><Conf>{confirmed}</Conf></Sts>" if confirmed else ""
    original = f"<OrgnlGrpInfAndSts><OrgnlMsgId>{message}</OrgnlMsgId><OrgnlMsgNmId>pain.008.001.08</OrgnlMsgNmId></OrgnlGrpInfAndSts>"
    details = f"<CxlDtls>{original if message else ''}{''.join(parts)}</CxlDtls>" if parts or message else ""
    return (
        f'<?xml version="1.0"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.029.001.{version}"><RsltnOfInvstgtn>'
        f"<Assgnmt><Id>{report}</Id><Assgnr><Agt><FinInstnId><BICFI>ABNANL2A</BICFI></FinInstnId></Agt></Assgnr>"
        "<Assgne><Pty><Nm>Stroom BV</Nm></Pty></Assgne><CreDtTm>2026-11-30T08:00:00</CreDtTm></Assgnmt>"
        f"{status}{details}</RsltnOfInvstgtn></Document>"
    )


def group_answer(group: str, status: str = "", *payments: str) -> str:
    own = f"<PmtInfCxlSts>{status}</PmtInfCxlSts>" if status else ""
    return f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>{group}</OrgnlPmtInfId>{own}{''.join(payments)}</OrgnlPmtInfAndSts>"


def payment_answer(end_to_end: str, status: str = "", reason: str = "") -> str:
    own = f"<TxCxlSts>{status}</TxCxlSts>" if status else ""
    why = f"<CxlStsRsnInf><Rsn><Cd>{reason}</Cd></Rsn></CxlStsRsnInf>" if reason else ""
    return f"<TxInfAndSts><OrgnlEndToEndId>{end_to_end}</OrgnlEndToEndId>{own}{why}</TxInfAndSts>"
