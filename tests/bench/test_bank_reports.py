"""Reading a large bank statement, beside parsing the same bytes into a tree and no more."""

import resource
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from lxml import etree

from invoicebatch.ingest.bank import read_bank_report
from tests.ingest.bank.bank_files import camt, entry, statement, transaction

ENTRIES = 100_000


def cpu(function: Callable[[], object]) -> float:
    start = time.process_time()
    function()
    return time.process_time() - start


@pytest.mark.bench
def test_a_statement_of_a_hundred_thousand_entries(tmp_path: Path) -> None:
    party = (
        "<RltdPties><Dbtr><Pty><Nm>Jansen</Nm></Pty></Dbtr><DbtrAcct><Id><IBAN>NL50INGB7320556819</IBAN></Id>"
        "</DbtrAcct></RltdPties><RmtInf><Ustrd>NL2026-000001 Energie</Ustrd></RmtInf>"
    )
    rows = (
        entry("121.00", details=transaction(f"E-{number:09d}", extra=party), reference=f"R{number}")
        for number in range(ENTRIES)
    )
    file = tmp_path / "statement.xml"
    file.write_text(camt(statement(*rows)))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    taken = cpu(lambda: read_bank_report(file, date(2026, 12, 5)))
    more = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    floor = cpu(lambda: etree.parse(file, etree.XMLParser(huge_tree=True)))
    print(
        f"\n{ENTRIES:,} entries, {file.stat().st_size >> 20} MB: read in {taken:.1f} s of CPU and {more >> 10} MB more, "
        f"parsed alone {floor:.1f} s, {taken / floor:.1f} times"
    )
