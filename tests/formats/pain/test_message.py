import os
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree
from sepaxml import SepaDD, SepaTransfer

from invoicebatch.errors import RenderError
from invoicebatch.formats.pain import Message, check_message, write_message
from invoicebatch.model.payments.sepa import sepa_text

GOLDEN = Path(__file__).parent / "golden"
VERSIONS = ["pain.008.001.08", "pain.008.001.02", "pain.001.001.09", "pain.001.001.03"]
Maker = Callable[..., Message]


def written(message: Message) -> bytes:
    out = BytesIO()
    write_message(message, out)
    return out.getvalue()


def checked(message: Message, data: bytes | None = None) -> None:
    check_message(message, BytesIO(written(message) if data is None else data))


@pytest.mark.parametrize("version", VERSIONS)
def test_a_file_is_the_golden_one(make_message: Maker, version: str) -> None:
    """Regenerate with INVOICEBATCH_GOLDEN=1 python -m pytest tests/formats/pain."""
    message = make_message(
        3,
        version,
        bic=["KREDBEBB", None, None],
        city=["Gent", "", "Koln"],
        street=["Kade", None, None],
        building=["1 B", None, None],
        free_line=[None, None, "Haus am Rhein"],
        free_line_2=[None, None, "Hinterhaus"],
        creditor_reference=[None, "RF462026000123", "202600012320"],
        previous_iban=[None, "BE68539007547034", None],
        previous_mandate_id=[None, "OLD-1", None],
        scheme="CORE",
    )
    data = written(message)
    checked(message, data)
    file = GOLDEN / f"{version}.xml"
    if os.environ.get("INVOICEBATCH_GOLDEN"):
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(etree.tostring(etree.fromstring(data), pretty_print=True))
    golden = etree.fromstring(file.read_bytes(), etree.XMLParser(remove_blank_text=True))
    assert etree.tostring(etree.fromstring(data)) == etree.tostring(golden)


def test_two_schemes_never_share_a_message(make_message: Maker) -> None:
    with pytest.raises(RenderError, match="may not share a message"):
        checked(make_message(3, scheme=["B2B", "CORE", "CORE"]))


@pytest.mark.parametrize("version", VERSIONS)
def test_a_file_written_twice_is_the_same_bytes(make_message: Maker, version: str) -> None:
    assert written(make_message(50, version)) == written(make_message(50, version))


CENTS = st.integers(1, 99_999_999_999)
NAMES = st.text(min_size=1, max_size=80)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    rows=st.lists(
        st.tuples(CENTS, NAMES, st.sampled_from(["FRST", "RCUR", "OOFF", "FNAL"]), st.booleans(), NAMES),
        min_size=1,
        max_size=12,
    ),
    version=st.sampled_from(VERSIONS),
)
def test_any_payments_make_a_valid_file(make_message: Maker, rows: list[tuple], version: str) -> None:
    cents, names, sequences, business, texts = map(list, zip(*rows, strict=True))
    message = make_message(
        len(rows),
        version,
        amount_cents=cents,
        name=[sepa_text(name, 70) or "X" for name in names],
        remittance=[sepa_text(text, 140) or "X" for text in texts],
        sequence_type=sequences,
        scheme="B2B" if business[0] else "CORE",
    )
    checked(message)


def payments(data: bytes, debit: bool) -> set[tuple[str | None, ...]]:
    """What a bank books, whatever the grouping."""
    root = etree.fromstring(data)
    for element in root.iter():
        element.tag = etree.QName(element).localname
    paths = (
        ["InstdAmt", "DrctDbtTx/MndtRltdInf/MndtId", "DrctDbtTx/MndtRltdInf/DtOfSgntr", "Dbtr/Nm",
         "DbtrAcct/Id/IBAN", "RmtInf/Ustrd", "../PmtTpInf/SeqTp", "../ReqdColltnDt",
         "../CdtrSchmeId/Id/PrvtId/Othr/Id", "../PmtTpInf/LclInstrm/Cd", "../CdtrAcct/Id/IBAN"]
        if debit
        else ["Amt/InstdAmt", "Cdtr/Nm", "CdtrAcct/Id/IBAN", "RmtInf/Ustrd", "../DbtrAcct/Id/IBAN"]
    )  # fmt: skip
    tag = "DrctDbtTxInf" if debit else "CdtTrfTxInf"
    return {
        (tx.findtext("PmtId/EndToEndId"), *("".join(tx.xpath(f"string({path})")) for path in paths))
        for tx in root.iter(tag)
    }


@pytest.mark.parametrize("version", ["pain.008.001.08", "pain.008.001.02"])
def test_debits_say_what_sepaxml_says(make_message: Maker, version: str) -> None:
    message = make_message(25, version, postcode=None, city=None)
    config = {"name": message.account_name, "IBAN": message.iban, "BIC": message.bic, "batch": True}
    oracle = SepaDD(
        config | {"creditor_id": message.creditor_id, "currency": "EUR"}, schema=version, clean=True
    )
    for row in message.items.itertuples():
        oracle.add_payment(
            {
                "name": row.name, "IBAN": row.iban, "amount": int(row.amount_cents), "type": row.sequence_type,
                "collection_date": message.requested_date, "mandate_id": row.mandate_id,
                "mandate_date": row.mandate_signed_on.date(), "description": row.remittance,
                "endtoend_id": row.end_to_end_id,
            }
        )  # fmt: skip
    ours = written(message)
    assert payments(ours, debit=True) == payments(oracle.export(validate=True), debit=True)
    assert len(payments(ours, debit=True)) == 25


@pytest.mark.parametrize("version", ["pain.001.001.09", "pain.001.001.03"])
def test_transfers_say_what_sepaxml_says(make_message: Maker, version: str) -> None:
    message = make_message(25, version, postcode=None, city=None, bic="KREDBEBB")
    config = {"name": message.account_name, "IBAN": message.iban, "BIC": message.bic, "batch": True}
    oracle = SepaTransfer(config | {"currency": "EUR"}, schema=version, clean=True)
    for row in message.items.itertuples():
        oracle.add_payment(
            {
                "name": row.name, "IBAN": row.iban, "BIC": row.bic, "amount": int(row.amount_cents),
                "execution_date": message.requested_date, "description": row.remittance,
                "endtoend_id": row.end_to_end_id,
            }
        )  # fmt: skip
    ours = written(message)
    assert payments(ours, debit=False) == payments(oracle.export(validate=True), debit=False)
    assert len(payments(ours, debit=False)) == 25


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        (b"<NbOfTxs>3</NbOfTxs>", b"<NbOfTxs>4</NbOfTxs>", "NbOfTxs is 4 in the file, 3 in the bundle"),
        (b"<CtrlSum>30.03", b"<CtrlSum>30.04", "CtrlSum is 30.04"),
        (b"10.01</InstdAmt>", b"10.02</InstdAmt>", "CtrlSum is 20.03"),
        (b"<MsgId>IB", b"<MsgId>IC", "MsgId is IC"),
        (b"-000002</EndToEndId>", b"-000003</EndToEndId>", "payment IB"),
        (b"BE68539007547034", b"BE43068999999501", "own IBAN"),
        (b"SLEV", b"SELV", "pain.008.001.08"),
        (b"<MndtId>M-0000001</MndtId>", b"", "is not what the bundle holds"),
        (b"-000002</EndToEndId>", b"-0000020000000000</EndToEndId>", "pain.008.001.08"),
        (b"</Document>", b"", "pain.008.001.08"),
        (b"<ReqdColltnDt>2026-12-01", b"<ReqdColltnDt>2026-12-02", "ReqdColltnDt is 2026-12-02"),
        (b"<Id>DE98ZZZ09999999999", b"<Id>DE98ZZZ09999999998", "creditor identifier is"),
        (b"<SeqTp>FRST", b"<SeqTp>RCUR", "is not what the bundle holds"),
        (b"-G01</PmtInfId>", b"-G09</PmtInfId>", "is not what the bundle holds"),
        (b"<DtOfSgntr>2020-01-01", b"<DtOfSgntr>2020-01-02", "is not what the bundle holds"),
        (b"<Nm>Kuche + Sohne 1<", b"<Nm>Kuche + Sohne 2<", "is not what the bundle holds"),
        (b"<Ustrd>2026-000001 Energy", b"<Ustrd>2026-000002 Energy", "is not what the bundle holds"),
    ],
)
def test_a_file_that_differs_from_the_bundle_does_not_leave(
    make_message: Maker, old: bytes, new: bytes, named: str
) -> None:
    message = make_message(3)
    data = written(message)
    assert old in data
    with pytest.raises(RenderError, match=named):
        checked(message, data.replace(old, new))


def test_a_swapped_account_does_not_leave(make_message: Maker) -> None:
    message = make_message(3)
    first, second = message.items["iban"][:2]
    with pytest.raises(RenderError, match="is not what the bundle holds"):
        checked(message, written(message).replace(first.encode(), second.encode()))


def test_a_bundle_of_nothing_is_refused(make_message: Maker) -> None:
    with pytest.raises(ValueError, match="at least one"):
        write_message(make_message(0), BytesIO())


def test_mandates_are_never_merged_and_groups_keep_apart(make_message: Maker) -> None:
    message = make_message(6, scheme=["CORE", "CORE", "B2B", "B2B", "CORE", "CORE"], mandate_id="M-1")
    root = etree.fromstring(written(message))
    ns = {"p": message.namespace}
    keys = [
        (group.findtext(".//p:LclInstrm/p:Cd", namespaces=ns), group.findtext(".//p:SeqTp", namespaces=ns))
        for group in root.iterfind(".//p:PmtInf", ns)
    ]
    assert len(keys) == len(set(keys)) == 3
    assert len(root.findall(".//p:DrctDbtTxInf", ns)) == 6
    ids = [e.text for e in root.iterfind(".//p:PmtInfId", ns)]
    assert len(set(ids)) == 3


def test_without_batch_booking_the_file_says_so(make_message: Maker) -> None:
    data = written(replace(make_message(1), batch_booking=False, requested_date=date(2026, 12, 2)))
    assert b"<BtchBookg>false</BtchBookg>" in data
    assert b"<ReqdColltnDt>2026-12-02</ReqdColltnDt>" in data
