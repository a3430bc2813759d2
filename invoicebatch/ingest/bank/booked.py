"""What the texts of a booked entry mean: amounts, direction, ids, parties and days, as frames."""

from datetime import date
from typing import Final

import pandas as pd

from invoicebatch.ingest.bank import elements
from invoicebatch.ingest.bank.entries import first, first_fault, first_word, identifier, parsed, text

BOOKED: Final = "BOOK"

_CODE: Final = ("BkTxCd/Domn/Cd", "BkTxCd/Domn/Fmly/Cd", "BkTxCd/Domn/Fmly/SubFmlyCd")
_ORDERED: Final = "AmtDtls/InstdAmt/Amt"
_MONEY: Final = (
    "Amt", "Amt@", "AmtDtls/TxAmt/Amt", "AmtDtls/TxAmt/Amt@", _ORDERED, f"{_ORDERED}@",
    "Chrgs/TtlChrgsAndTaxAmt", "Chrgs/Rcrd/Amt", "Chrgs/Amt", "Chrgs/Rcrd/ChrgInclInd", "Chrgs/ChrgInclInd",
)  # fmt: skip
_NAMES: Final = tuple(f"RltdPties/{side}/{name}" for side in ("Dbtr", "Cdtr") for name in ("Nm", "Pty/Nm"))

STATEMENT: Final = ("account", "Id", "made")
ENTRY: Final = (
    *_MONEY, *_CODE, "CdtDbtInd", "RvslInd", "Sts/Cd", "Sts", "Sts/Prtry", "BookgDt/Dt", "BookgDt/DtTm",
    "ValDt/Dt", "ValDt/DtTm", "AcctSvcrRef", "AddtlNtryInf",
)  # fmt: skip
BATCH: Final = ("MsgId", "PmtInfId", "NbOfTxs", "TtlAmt")
TRANSACTION: Final = (
    *_MONEY, *_CODE, "CdtDbtInd", "RvslInd", "Refs/MsgId", "Refs/PmtInfId", "Refs/InstrId", "Refs/EndToEndId",
    "Refs/MndtId", "Refs/AcctSvcrRef", *_NAMES, "RltdPties/DbtrAcct/Id/IBAN",
    "RltdPties/CdtrAcct/Id/IBAN", "RmtInf/Ustrd", "RmtInf/Strd/CdtrRefInf/Ref", "RmtInf/Strd/RfrdDocInf/Nb",
    "RmtInf/Strd/AddtlRmtInf", "AddtlTxInf", "RtrInf", "RtrInf/Rsn/Cd", "RtrInf/Rsn/Prtry", "RtrInf/AddtlInf",
)  # fmt: skip
COLUMNS: Final = (
    "entry_no", "level", "alone",
    *(f"s:{path}" for path in STATEMENT), *(f"e:{path}" for path in ENTRY), *(f"b:{path}" for path in BATCH),
    *(f"t:{path}" for path in TRANSACTION),
)  # fmt: skip

_RETURNS: Final = ("UPDD", "RCDD", "PRDD", "RRTN", "RPCR", "ARET")
"""Sub-families that are returns and reversals (ISO 20022 external bank transaction code set)."""


def converted(raw: pd.DataFrame, today: date) -> pd.DataFrame:
    """Entries (see `entries.COLUMNS`) from texts by path.

    Args:
        raw: `COLUMNS` as texts: s: of the statement, e: of the entry, b: of the batch, t: of the transaction.
        today: booking date of entries that carry none, and what dates are judged by.
    """
    direction = first(raw, "t:CdtDbtInd", "e:CdtDbtInd").map({"CRDT": "credit", "DBIT": "debit"}).fillna("")
    money, faults = _money(raw)
    days, day_faults = _days(raw, today)
    nowhere = direction.eq("").map({True: "it says neither credit nor debit", False: ""}).astype("str")
    codes, status = _codes(raw), first(raw, "e:Sts/Cd", "e:Sts", "e:Sts/Prtry")
    return pd.DataFrame(
        {
            "entry_no": raw["entry_no"].astype("int64"),
            "level": raw["level"],
            "status": status.mask(status.eq(""), BOOKED),
            "direction": direction,
            "reversal": first(raw, "t:RvslInd", "e:RvslInd").isin(["true", "1"]),
            "returned": text(raw, "t:RtrInf").notna()
            | codes.str.extract("([^/]*)$", expand=False).isin(_RETURNS),
            "transaction_code": codes,
            "account_iban": text(raw, "s:account"),
            "statement_id": text(raw, "s:Id"),
            "booking": _booking(raw),
            "fault": first_fault([nowhere, *faults, *day_faults]),
            **_ids(raw),
            **_words(raw, direction),
            **money,
            **days,
        }
    )


def _codes(raw: pd.DataFrame) -> "pd.Series[str]":
    """Domain, family and sub-family, of the transaction where it has its own."""
    own = text(raw, f"t:{_CODE[0]}").notna()
    parts = [text(raw, f"t:{path}").where(own, text(raw, f"e:{path}")).fillna("") for path in _CODE]
    return (parts[0] + "/" + parts[1] + "/" + parts[2]).str.strip("/")


def _booking(raw: pd.DataFrame) -> "pd.Series[str]":
    place = text(raw, "s:Id").fillna("") + " " + raw["entry_no"].astype("str")
    known = identifier(raw, "e:AcctSvcrRef")
    return known.mask(known.eq(""), place)


def _ids(raw: pd.DataFrame) -> dict[str, "pd.Series[str]"]:
    return {
        "message_id": identifier(raw, "t:Refs/MsgId", "b:MsgId"),
        "payment_information_id": identifier(raw, "t:Refs/PmtInfId", "b:PmtInfId"),
        "instruction_id": identifier(raw, "t:Refs/InstrId"),
        "end_to_end_id": identifier(raw, "t:Refs/EndToEndId"),
        "mandate_id": identifier(raw, "t:Refs/MndtId"),
        "bank_reference": identifier(raw, "t:Refs/AcctSvcrRef", "e:AcctSvcrRef"),
        "reason_code": first_word(first(raw, "t:RtrInf/Rsn/Cd", "t:RtrInf/Rsn/Prtry")),
        "reason": first(raw, "t:RtrInf/AddtlInf").str[:200],
    }


def _words(raw: pd.DataFrame, direction: "pd.Series[str]") -> dict[str, "pd.Series[str]"]:
    """The other side and what it says: the debtor of what came in, the creditor of what went out."""
    names = [f"t:{path}" for path in _NAMES]
    ibans = ["t:RltdPties/DbtrAcct/Id/IBAN", "t:RltdPties/CdtrAcct/Id/IBAN"]
    came = direction.eq("credit")
    return {
        "party_name": first(raw, *names).where(came, first(raw, *names[2:], *names[:2])),
        "party_iban": first(raw, *ibans).where(came, first(raw, *reversed(ibans))),
        "structured_reference": first(raw, "t:RmtInf/Strd/CdtrRefInf/Ref"),
        "document_numbers": first(raw, "t:RmtInf/Strd/RfrdDocInf/Nb"),
        "remittance": first(
            raw, "t:RmtInf/Ustrd", "t:RmtInf/Strd/AddtlRmtInf", "t:AddtlTxInf", "e:AddtlNtryInf"
        ),
    }


def _days(raw: pd.DataFrame, today: date) -> tuple[dict[str, pd.Series], list["pd.Series[str]"]]:
    def parse(text: str) -> date | None:
        return elements.day(text, today)

    value, value_fault = parsed(first(raw, "e:ValDt/Dt", "e:ValDt/DtTm"), parse, "datetime64[s]")
    booked, fault = parsed(first(raw, "e:BookgDt/Dt", "e:BookgDt/DtTm"), parse, "datetime64[s]")
    made, _ = parsed(first(raw, "s:made"), parse, "datetime64[s]")
    days = booked.fillna(value).fillna(made).fillna(pd.Timestamp(today))
    return {"booked_on": days, "value_on": value}, [fault, value_fault]


def _money(raw: pd.DataFrame) -> tuple[dict[str, pd.Series], list["pd.Series[str]"]]:
    """Amounts; a lone transaction takes from its entry what it does not say itself."""
    group, alone = raw["level"].eq("group"), raw["alone"].eq("yes")
    there = [path for path in _MONEY if f"t:{path}" in raw or f"e:{path}" in raw]
    own = pd.DataFrame(
        {path: text(raw, f"t:{path}").fillna(text(raw, f"e:{path}").where(alone)) for path in there}
    )
    said = {
        "entry": first(raw, "e:Amt"),
        "amount": _own_or_lone(raw, "Amt", "AmtDtls/TxAmt/Amt"),
        "instructed": first(own, _ORDERED),
        "batch": first(raw, "b:TtlAmt"),
    }
    cents, faults = {}, {}
    for name, values in said.items():
        cents[name], faults[name] = parsed(values, elements.cents, "Int64")
    charges, faults["charges"] = _charges(own)
    currency = first(raw, "t:Amt@", "t:AmtDtls/TxAmt/Amt@", "e:Amt@")
    ordered_in = first(own, f"{_ORDERED}@")
    foreign = ordered_in.ne("") & ordered_in.ne(currency)
    apart = charges.gt(0) & (cents["amount"] + charges).eq(cents["entry"])
    included = first_word(first(own, "Chrgs/Rcrd/ChrgInclInd", "Chrgs/ChrgInclInd"))
    included = included.map({"true": "yes", "1": "yes", "false": "no", "0": "no"}).fillna("").astype("str")
    number, _ = parsed(first(raw, "b:NbOfTxs"), elements.count, "Int64")
    return {
        "currency": currency,
        "amount_cents": cents["amount"].mask(group, cents["entry"].where(alone, cents["batch"])),
        "instructed_cents": cents["instructed"].mask(foreign),
        "charges_cents": charges,
        "charges_included": included.mask(included.eq("") & apart.fillna(False).astype(bool), "no"),
        "batch_count": number,
        "batch_cents": cents["batch"],
    }, list(faults.values())


def _own_or_lone(raw: pd.DataFrame, *paths: str) -> "pd.Series[str]":
    """The transaction's own text; a lone one that has none is the whole entry."""
    own, entry = (first(raw, *(f"{of}:{path}" for path in paths)) for of in ("t", "e"))
    return own.mask(own.eq("") & raw["alone"].eq("yes"), entry)


def _charges(own: pd.DataFrame) -> tuple[pd.Series, "pd.Series[str]"]:
    """What the bank takes: the total it gives, else the sum of its records, a line each."""
    names = ("Chrgs/TtlChrgsAndTaxAmt", "Chrgs/Rcrd/Amt", "Chrgs/Amt")
    total, records, older = (text(own, name) for name in names)
    return parsed(total.fillna(records).fillna(older).fillna(""), elements.cents_sum, "Int64")
