"""Bank reports read into one frame, whatever version, prefix and encoding they have."""

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from invoicebatch.errors import InputFileError
from invoicebatch.ingest.bank.entries import COLUMNS
from invoicebatch.ingest.bank.report import BankReport, read_bank_report
from tests.ingest.bank.bank_files import (
    balance,
    batch,
    camt,
    entry,
    group_status,
    payment_status,
    returned,
    statement,
    status_report,
    transaction,
)

TODAY = date(2026, 12, 5)

_ISO_2009 = """<Ntry><Amt Ccy="EUR">124.50</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts>BOOK</Sts><BookgDt>
<DtTm>2026-12-03T23:30:00+01:00</DtTm></BookgDt><AcctSvcrRef>R1</AcctSvcrRef><BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>IDDT</Cd>
<SubFmlyCd>UPDD</SubFmlyCd></Fmly></Domn></BkTxCd><NtryDtls><TxDtls><Refs><EndToEndId>E-1</EndToEndId><MndtId>M-1</MndtId></Refs>
<AmtDtls><InstdAmt><Amt Ccy="EUR">121.00</Amt></InstdAmt><TxAmt><Amt Ccy="EUR">124.50</Amt></TxAmt></AmtDtls>
<Chrgs><Amt Ccy="EUR">2.50</Amt></Chrgs><Chrgs><Amt Ccy="EUR">1.00</Amt></Chrgs><RltdPties><Dbtr><Nm>Jansen</Nm></Dbtr>
<DbtrAcct><Id><IBAN>NL50INGB7320556819</IBAN></Id></DbtrAcct></RltdPties><RmtInf><Ustrd>Water</Ustrd><Ustrd>juni</Ustrd></RmtInf>
<RtrInf><Rsn><Cd>AM04</Cd></Rsn><AddtlInf>no cover</AddtlInf></RtrInf></TxDtls></NtryDtls></Ntry>"""


def read(folder: Path, text: str | bytes) -> BankReport:
    path = folder / "report.xml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_bank_report(path, TODAY)


def test_every_column_has_its_dtype_also_without_entries(tmp_path: Path) -> None:
    for text in (camt(statement()), camt(statement(entry("1.00", details=transaction("E"))))):
        entries = read(tmp_path, text).entries
        assert {name: str(dtype) for name, dtype in entries.dtypes.items()} == COLUMNS


def test_an_entry_that_says_nothing_is_named(tmp_path: Path) -> None:
    entries = read(tmp_path, camt(statement("<Ntry><Sts><Cd>BOOK</Cd></Sts></Ntry>"))).entries
    assert entries["fault"].tolist() == ["it says neither credit nor debit"]


@pytest.mark.parametrize("version", ["02", "04", "08", "13"])
def test_an_entry_of_the_second_version_says_all_it_has(tmp_path: Path, version: str) -> None:
    row = read(tmp_path, camt(statement(_ISO_2009), message=f"camt.053.001.{version}")).entries.iloc[0]
    assert (row["level"], row["status"], row["direction"], row["returned"]) == (
        "transaction",
        "BOOK",
        "debit",
        True,
    )
    assert (row["amount_cents"], row["instructed_cents"], row["charges_cents"]) == (12_450, 12_100, 350)
    assert (row["end_to_end_id"], row["mandate_id"], row["bank_reference"]) == ("E-1", "M-1", "R1")
    assert (row["party_name"], row["party_iban"]) == ("Jansen", "NL50INGB7320556819")
    assert (row["remittance"], row["reason_code"], row["reason"]) == ("Water juni", "AM04", "no cover")
    assert (row["booked_on"], row["transaction_code"]) == (pd.Timestamp("2026-12-03"), "PMNT/IDDT/UPDD")


def test_what_a_customer_wrote_is_kept_apart(tmp_path: Path) -> None:
    strd = (
        "<RmtInf><Strd><RfrdDocInf><Nb>NL2026-000001</Nb></RfrdDocInf><RfrdDocInf><Nb>NL2026-000002</Nb></RfrdDocInf>"
        "<CdtrRefInf><Ref>RF18539007547034</Ref></CdtrRefInf></Strd><Ustrd>thanks</Ustrd></RmtInf>"
    )
    party = (
        "<RltdPties><Dbtr><Pty><Nm>Jansen &amp; Zn</Nm></Pty></Dbtr><DbtrAcct><Id><IBAN>BE68539007547034</IBAN></Id>"
        "</DbtrAcct><Cdtr><Nm>Us</Nm></Cdtr></RltdPties>"
    )
    two = transaction("NOTPROVIDED", "5.00", extra=party + strd) + transaction("X-9", "7.00", sign="")
    entries = read(tmp_path, camt(statement(entry("12.00", details=two, reference="R7")))).entries
    first = entries.iloc[0]
    assert (first["end_to_end_id"], first["structured_reference"]) == ("", "RF18539007547034")
    assert (first["document_numbers"], first["remittance"]) == ("NL2026-000001 NL2026-000002", "thanks")
    assert (first["party_name"], first["party_iban"]) == ("Jansen & Zn", "BE68539007547034")
    assert entries["entry_no"].tolist() == [1, 1]
    assert entries["direction"].tolist() == ["credit", "credit"]
    assert entries["bank_reference"].tolist() == ["R7", "R7"]
    assert entries["amount_cents"].tolist() == [500, 700]


def test_groups_and_entries_without_details_have_their_level(tmp_path: Path) -> None:
    parts = (
        entry("605.00", batch=batch("G-02", 2, "605.00")),
        entry("7.00"),
        "<Ntry><Amt Ccy='EUR'>8.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts></Ntry>",
        entry("9.00", details=transaction("E-1", "9.00"), batch=batch("G-03", 1)),
    )
    entries = read(tmp_path, camt(statement(*parts))).entries
    assert entries["level"].tolist() == ["group", "transaction", "transaction", "transaction"]
    assert entries["payment_information_id"].tolist() == ["G-02", "", "", "G-03"]
    assert entries["amount_cents"].tolist() == [60_500, 700, 800, 900]
    assert entries["batch_count"].astype("object").iloc[0] == 2
    assert entries["booked_on"].iloc[2] == pd.Timestamp("2026-12-01")


@pytest.mark.parametrize(
    "way", ["prefix", "utf-16", "bom", "bom and latin", "latin", "cp1252", "blank", "no namespace"]
)
def test_prefix_byte_order_mark_and_encoding_make_no_difference(tmp_path: Path, way: str) -> None:
    party = "<RltdPties><Dbtr><Nm>Café Müller</Nm></Dbtr></RltdPties>"
    text = camt(statement(entry("121.00", details=transaction("E-1", extra=party), reference="R1")))
    plain = read(tmp_path, text).entries
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    latin = text.replace("UTF-8", "ISO-8859-1", 1)
    prefixed = text.replace(head, "").replace("</", "</b:").replace("xmlns=", "xmlns:b=")
    prefixed = "".join(f"<b:{part}" if part[:1].isalpha() else f"<{part}" for part in prefixed.split("<"))[1:]
    data = {
        "prefix": prefixed.encode(),
        "utf-16": text.replace("UTF-8", "UTF-16", 1).encode("utf-16"),
        "bom": text.encode("utf-8-sig"),
        "bom and latin": latin.encode("utf-8-sig"),
        "latin": latin.encode("latin-1"),
        "cp1252": text.replace("UTF-8", "windows-1252", 1).encode("cp1252"),
        "blank": b"\n  " + text.encode(),
        "no namespace": text.replace(' xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"', "").encode(),
    }[way]
    found = read(tmp_path, data)
    assert found.entries.equals(plain), found.entries.compare(plain)
    assert found.entries["party_name"].iloc[0] == "Café Müller"
    assert found.message.startswith("camt.053")


def test_several_statements_keep_their_account_number_and_balances(tmp_path: Path) -> None:
    first = statement(
        entry("10.00"), entry("4.00", "DBIT"), entry("99.00", status="<Cd>PDNG</Cd>"), number=11,
        balances=[balance("OPBD", "5.00", "DBIT"), balance("CLBD", "1.00"), balance("CLAV", "9.00")],
    )  # fmt: skip
    second = statement(
        entry("1.00"), name="S2", account="BE68 5390 0754 7034", balances=[balance("PRCD", "1.00")]
    )
    report = read(tmp_path, camt(first, second))
    rows = report.statements
    assert rows["account_iban"].tolist() == ["NL91ABNA0417164300", "BE68539007547034"]
    assert rows.iloc[0][["statement_no", "opening_cents", "closing_cents", "entries", "sum_cents"]].tolist() == [
        11, -500, 100, 2, 600,
    ]  # fmt: skip
    assert rows["closing_cents"].isna().tolist() == [False, True]
    assert report.entries["account_iban"].tolist() == ["NL91ABNA0417164300"] * 3 + ["BE68539007547034"]


@pytest.mark.parametrize("version", ["03", "10", "14"])
def test_a_status_report_has_three_levels(tmp_path: Path, version: str) -> None:
    infos = group_status("G-1", "PART", payment_status("E-1", "RJCT", "AC04"), payment_status("E-2", "ACSP"))
    report = status_report("M-1", "PART", infos + group_status("G-2", "RJCT"), version=version)
    entries = read(tmp_path, report).entries
    assert entries["level"].tolist() == ["message", "transaction", "transaction", "group", "group"]
    assert entries["status"].tolist() == ["PART", "RJCT", "ACSP", "PART", "RJCT"]
    assert entries["payment_information_id"].tolist() == ["", "G-1", "G-1", "G-1", "G-2"]
    assert set(entries["message_id"]) == {"M-1"}
    assert entries.iloc[1][["reason_code", "reason"]].tolist() == ["AC04", "as the bank says"]


def test_one_entry_with_very_many_payments_is_read_as_a_stream(tmp_path: Path) -> None:
    padding = f"<AddtlTxInf>{'x' * 500}</AddtlTxInf>"
    many = "".join(transaction(f"E-{number}", "1.00", extra=padding) for number in range(20_000))
    path = tmp_path / "many.xml"
    path.write_text(camt(statement(entry("20000.00", details=many, batch=batch("G-1", 20_000)))))
    assert path.stat().st_size > 8 << 20
    entries = read_bank_report(path, TODAY).entries
    assert entries["end_to_end_id"].tolist() == [f"E-{number}" for number in range(20_000)]
    assert set(entries["batch_count"]) == {20_000}


@pytest.mark.parametrize(
    ("amount", "cents"), [("121.00", 12_100), ("121", 12_100), ("121.5", 12_150), ("121.50000", 12_150)]
)
def test_amounts_as_the_standard_writes_them(tmp_path: Path, amount: str, cents: int) -> None:
    row = read(tmp_path, camt(statement(entry(amount, details=transaction("E", amount))))).entries.iloc[0]
    assert (row["amount_cents"], row["fault"]) == (cents, "")


@pytest.mark.parametrize("amount", ["121.005", "-121.00", "1e3", "NaN", "121,00", "1_000", "٣", "9" * 18])
def test_other_amounts_are_faults_of_their_row(tmp_path: Path, amount: str) -> None:
    rows = read(tmp_path, camt(statement(entry(amount), entry("1.00")))).entries
    assert rows["fault"].iloc[0]
    assert rows["fault"].iloc[1] == ""


def test_reasons_that_no_code_list_knows_are_read_too(tmp_path: Path) -> None:
    own = "<RtrInf><Rsn><Prtry>BANK-7</Prtry></Rsn></RtrInf>"
    rows = read(
        tmp_path, camt(statement(entry("1.00", "DBIT", transaction("E", "1.00", "DBIT", own))))
    ).entries
    assert rows["reason_code"].tolist() == ["BANK-7"]
    empty = read(
        tmp_path, camt(statement(entry("1.00", "DBIT", transaction("E", "1.00", "DBIT", "<RtrInf/>"))))
    )
    assert empty.entries["returned"].tolist() == [True]
    assert read(
        tmp_path, camt(statement(entry("1.00", "DBIT", transaction("E", extra=returned("MD07")))))
    ).entries["reason_code"].tolist() == ["MD07"]


@pytest.mark.parametrize("cut", [40, 200, 600, -1])
def test_a_truncated_file_gives_nothing(tmp_path: Path, cut: int) -> None:
    text = camt(statement(entry("121.00", details=transaction("E-1"))))
    with pytest.raises(InputFileError):
        read(tmp_path, text[:cut])
