"""Whatever the bytes of a file are, a command ends in time and in bounds with an exit code of its own and says why in words.

The full run goes on for INVOICEBATCH_FUZZ_MINUTES a door (10) from a seed that it prints; INVOICEBATCH_FUZZ_SEED sets it.
"""

import io
import os
import random
import resource
import secrets
import signal
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from invoicebatch.formats.ubl import write_ubl
from invoicebatch.interfaces.api import Workspace
from invoicebatch.interfaces.cli.main import run
from invoicebatch.model.en16931.derive import derive
from tests.conftest import money_workspace_in

MINUTES = float(os.environ.get("INVOICEBATCH_FUZZ_MINUTES", "10"))
SEED = int(os.environ.get("INVOICEBATCH_FUZZ_SEED", "0"))
COMPUTING = 20
"""Seconds of computing time that a command may take, however busy the machine is."""
WAITING = 120
"""Seconds after which one that does not compute hangs."""
MEMORY = 1 << 30
"""Bytes that a command, or a process that it starts, may take."""
PROCESS = Path("/proc/self")

SAMPLE = Path(__file__).parents[2] / "data" / "sample"
CAMT = b"""<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><GrpHdr><MsgId>M1</MsgId>
<CreDtTm>2026-01-20T10:00:00</CreDtTm></GrpHdr><Stmt><Id>S1</Id><Acct><Id><IBAN>NL91ABNA0417164300</IBAN></Id></Acct>
<Ntry><NtryRef>1</NtryRef><Amt Ccy="EUR">121.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>
<BookgDt><Dt>2026-01-20</Dt></BookgDt><NtryDtls><TxDtls><RmtInf><Ustrd>F2026-000001</Ustrd></RmtInf></TxDtls></NtryDtls>
</Ntry></Stmt></BkToCstmrStmt></Document>"""
STATUS = b"""<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt><GrpHdr><MsgId>R1</MsgId>
<CreDtTm>2026-01-20T10:00:00</CreDtTm></GrpHdr><OrgnlGrpInfAndSts><OrgnlMsgId>X</OrgnlMsgId><OrgnlMsgNmId>pain.008</OrgnlMsgNmId>
<GrpSts>RJCT</GrpSts></OrgnlGrpInfAndSts></CstmrPmtStsRpt></Document>"""

BOUNCE = b"""From: MAILER-DAEMON@mx.example\r\nTo: billing@stroom.example\r\nSubject: Undelivered\r\nMessage-ID: <b1@mx.example>
MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary="x"\r\n\r\n--x\r\n\r\nIt failed.\r\n--x
Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\nFinal-Recipient: rfc822; k1@example.com
Action: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 unknown\r\n\r\n--x\r\nContent-Type: message/rfc822\r\n
Message-ID: <m1@stroom.example>\r\nSubject: Invoice\r\n\r\nHello\r\n--x--\r\n"""


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return money_workspace_in(tmp_path_factory.mktemp("fuzz") / "w", 3)


@pytest.fixture(scope="module")
def seeds(
    workspace: Workspace, make_documents: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, bytes]:
    """A sound file of each kind."""
    folder = tmp_path_factory.mktemp("seeds")
    customers = pd.read_csv(SAMPLE / "customers.csv", dtype=str).head(5)
    columns = {"parquet": io.BytesIO(), "xlsx": io.BytesIO()}
    customers.to_parquet(columns["parquet"])
    customers.to_excel(columns["xlsx"], index=False)
    workspace.sheet(folder / "sheet.xlsx", "true")
    workspace.sheet(folder / "sheet.csv", "true")
    workspace.backup(folder / "backup.zip")
    workspace.audit_pack(folder / "audit.zip", workspace.select(ids=[1]))
    with zipfile.ZipFile(folder / "ubl.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.xml", CAMT * 3)
    return {
        "csv": customers.to_csv(index=False).encode(),
        **{name: stream.getvalue() for name, stream in columns.items()},
        "camt": CAMT,
        "status": STATUS,
        "ubl": next(iter(write_ubl(derive(*make_documents(1, 2))[0]))),
        "bounce": BOUNCE,
        "answer": b'{"id": "1", "status": "delivered", "reference": "X"}',
        "ids": b"1\n2\n3\n",
        "mapping": b'[file]\ndelimiter = ";"\n[invoices]\nexternal_id = "Nr"\nskip = "Nr == \'x\'"\n',
        **{
            name.replace(".", "_"): (folder / name).read_bytes()
            for name in ("sheet.xlsx", "sheet.csv", "backup.zip", "audit.zip", "ubl.zip")
        },
    }


DOORS = [
    ("csv", "customers.csv", "import {} --kind customers"),
    ("parquet", "customers.parquet", "import {} --kind customers"),
    ("xlsx", "customers.xlsx", "import {} --kind customers"),
    ("ubl", "invoice.xml", "import {} --kind ubl"),
    ("mapping", "mapping.toml", f"import {SAMPLE / 'customers.csv'} --map {{}}"),
    ("camt", "camt.xml", "payments import {}"),
    ("status", "status.xml", "payments import {}"),
    ("answer", "answer.json", "einvoice import {}"),
    ("bounce", "bounce.eml", "outbox import-bounces {}"),
    ("ids", "ids.txt", "list --ids @{}"),
    ("sheet_xlsx", "sheet.xlsx", "sheet check {}"),
    ("sheet_csv", "sheet.csv", "sheet check {}"),
    ("audit_zip", "audit.zip", "audit verify {}"),
    ("ubl_zip", "invoices.zip", "import {} --kind ubl"),
    ("backup_zip", "backup.zip", "restore {} {}.restored"),
]
SLOW = {"xlsx", "sheet_xlsx"}
"""A child process reads them, or much is unpacked: fewer in the short run."""


@pytest.mark.parametrize("minutes", [0.0, pytest.param(MINUTES, marks=pytest.mark.full)])
@pytest.mark.parametrize(("kind", "name", "command"), DOORS, ids=[kind for kind, *_ in DOORS])
def test_a_damaged_file_is_refused_or_read_and_never_a_fault_of_ours(
    kind: str,
    name: str,
    command: str,
    minutes: float,
    seeds: dict[str, bytes],
    workspace: Workspace,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    begin = SEED or (secrets.randbelow(1 << 30) if minutes else 1)
    if minutes:
        with capsys.disabled():
            print(f"\n{kind}: seeds from {begin}", flush=True)
    few = 1 if kind in SLOW else 4
    end = time.monotonic() + 60 * minutes
    for seed in count(begin):
        if seed - begin >= few and time.monotonic() >= end:
            break
        file = tmp_path / f"{seed}-{name}"
        file.write_bytes(damaged(seeds[kind], random.Random(seed)))
        arguments = [part.replace("{}", str(file)) for part in command.split()]
        where = [] if kind in {"backup_zip", "audit_zip"} else ["-w", str(workspace.root)]
        with bounded(f"{command} with seed {seed}"):
            code = run([*arguments, *where])
        shown = capsys.readouterr()
        assert code in {0, 2, 3, 4}, (seed, code, shown.err)
        assert "Unexpected error" not in shown.err, (seed, shown.err)
        file.unlink()


@pytest.mark.parametrize(
    "command", ["sheet check {}", "import {} --kind ubl", "restore {} {}.new", "audit verify {}"]
)
@pytest.mark.parametrize("places", [2, 4])
def test_an_archive_whose_names_are_no_text_is_damaged(
    command: str, places: int, workspace: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "a.xlsx"
    with zipfile.ZipFile(file, "w") as archive:
        for name in ("é.xml", "xl/é.xml", "[Content_Types].xml", "xl/workbook.xml"):
            archive.writestr(name, "<a/>")
    file.write_bytes(file.read_bytes().replace("é".encode(), b"\xa2\xa2", places))
    where = [] if command.split(maxsplit=1)[0] in {"restore", "audit"} else ["-w", str(workspace.root)]
    assert run([*command.replace("{}", str(file)).split(), *where]) in {2, 3}
    assert "Unexpected error" not in capsys.readouterr().err


@pytest.mark.parametrize("command", ["payments import {}", "einvoice import {}", "import {} --kind ubl"])
@pytest.mark.parametrize(
    "document",
    ["<Document {}><Report><GrpHdr/></Report></Document>", "<Invoice {}><ID>1</ID></Invoice>", "<a {}/>"],
)
def test_a_namespace_that_is_no_uri_is_refused(
    command: str, document: str, workspace: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "a.xml"
    file.write_text(document.format('xmlns="urn:a}b"'), encoding="utf-8")
    assert run([*command.replace("{}", str(file)).split(), "-w", str(workspace.root)]) in {2, 3}
    assert "Unexpected error" not in capsys.readouterr().err


def damaged(data: bytes, chance: random.Random) -> bytes:
    """The bytes with one to four faults: changed, cut out, doubled, moved, cut off, or one of the ugly ones put in."""
    for _ in range(chance.randint(1, 4)):
        first, last = sorted(chance.randint(0, len(data)) for _ in range(2))
        last = min(last, first + 64)
        piece = data[first:last]
        ugly = chance.choice(
            [
                b"\0",
                b"\xff\xfe",
                b"\r",
                b'"',
                b"<![CDATA[",
                b"&a;",
                b"9" * 40,
                b"-1e999",
                "\u202e".encode(),
                b"=1+1",
            ]
        )
        data = chance.choice(
            [
                data[:first] + bytes(chance.randrange(256) for _ in piece) + data[last:],
                data[:first] + data[last:],
                data[:last] + piece * chance.randint(1, 50) + data[last:],
                data[:first] + ugly + data[first:],
                data[:first],
            ]
        )
    return data


@contextmanager
def bounded(what: str) -> Iterator[None]:
    """Fail where it does not end, or takes more computing time or memory than allowed."""

    def late(*_: object) -> None:
        raise AssertionError(f"{what} does not end")

    before = {sign: signal.signal(sign, late) for sign in (signal.SIGALRM, signal.SIGPROF)}
    signal.alarm(WAITING)
    signal.setitimer(signal.ITIMER_PROF, COMPUTING)
    if PROCESS.is_dir():
        (PROCESS / "clear_refs").write_text("5")  # the peak starts anew
    at_first, child = _memory("VmRSS"), _largest_child()
    try:
        yield
    finally:
        signal.alarm(0)
        signal.setitimer(signal.ITIMER_PROF, 0)
        for sign, handler in before.items():
            signal.signal(sign, handler)
    assert _memory("VmHWM") - at_first <= MEMORY, f"{what} takes too much memory"
    assert _largest_child() <= max(MEMORY, child), f"{what} starts a process that takes too much memory"


def _memory(name: str) -> int:
    """Bytes that this process has in memory: now (VmRSS), or at its peak (VmHWM); 0 where no system tells."""
    lines = (PROCESS / "status").read_text().splitlines() if PROCESS.is_dir() else []
    return next((int(line.split()[1]) << 10 for line in lines if line.startswith(f"{name}:")), 0)


def _largest_child() -> int:
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss << 10
