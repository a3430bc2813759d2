"""Reading a large bank statement in a process of its own, beside parsing the same bytes and no more."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.ingest.bank.bank_files import camt, entry, statement, transaction

ENTRIES = 100_000

_MEASURE = """
import resource, sys, time
from datetime import date
from pathlib import Path
from lxml import etree
from invoicebatch.ingest.bank.report import read_bank_report
file = Path(sys.argv[1])
start = time.process_time()
entries = read_bank_report(file, date(2026, 12, 5)).entries
taken = time.process_time() - start
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
start = time.process_time()
etree.parse(file, etree.XMLParser(huge_tree=True))
print(len(entries), taken, memory, time.process_time() - start)
"""


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
    command = [sys.executable, "-c", _MEASURE, str(file)]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    count, taken, memory, floor = int(told[0]), float(told[1]), int(told[2]), float(told[3])
    assert count == ENTRIES
    print(
        f"\n{count:,} entries, {file.stat().st_size >> 20} MB: read in {taken:.1f} s of CPU with {memory} MB at most, "
        f"parsed alone {floor:.1f} s, {taken / floor:.1f} times"
    )
