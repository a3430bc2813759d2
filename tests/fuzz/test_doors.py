"""Whatever the bytes of a file are, a command ends in time with an exit code of its own and says why in words.

INVOICEBATCH_FUZZ_ROUNDS sets how many damaged files each door gets in the full run, INVOICEBATCH_FUZZ_SEED which.
"""

import io
import os
import random
import signal
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from invoicebatch.formats.ubl import write_ubl
from invoicebatch.interfaces.api import Workspace
from invoicebatch.interfaces.cli.main import run
from invoicebatch.model.en16931.derive import derive
from tests.conftest import money_workspace_in

ROUNDS = int(os.environ.get("INVOICEBATCH_FUZZ_ROUNDS", "150"))
SEED = int(os.environ.get("INVOICEBATCH_FUZZ_SEED", "1"))
SECONDS = 120
"""A command that takes longer hangs, on any machine."""

SAMPLE = Path(__file__).parents[2] / "data" / "sample"
CAMT = b"""<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><GrpHdr><MsgId>M1</MsgId>
<CreDtTm>2026-01-20T10:00:00</CreDtTm></GrpHdr><Stmt><Id>S1</Id><Acct><Id><IBAN>NL91ABNA0417164300</IBAN></Id></Acct>
<Ntry><NtryRef>1</NtryRef><Amt Ccy="EUR">121.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>
<BookgDt><Dt>2026-01-20</Dt></BookgDt><NtryDtls><TxDtls><RmtInf><Ustrd>F2026-000001</Ustrd></RmtInf></TxDtls></NtryDtls>
</Ntry></Stmt></BkToCstmrStmt></Document>"""
STATUS = b"""<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt><GrpHdr><MsgId>R1</MsgId>
<CreDtTm>2026-01-20T10:00:00</CreDtTm></GrpHdr><OrgnlGrpInfAndSts><OrgnlMsgId>X</OrgnlMsgId><OrgnlMsgNmId>pain.008</OrgnlMsgNmId>
<GrpSts>RJCT</GrpSts></OrgnlGrpInfAndSts></CstmrPmtStsRpt></Document>"""


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
    ("ids", "ids.txt", "list --ids @{}"),
    ("sheet_xlsx", "sheet.xlsx", "sheet check {}"),
    ("sheet_csv", "sheet.csv", "sheet check {}"),
    ("audit_zip", "audit.zip", "audit verify {}"),
    ("ubl_zip", "invoices.zip", "import {} --kind ubl"),
    ("backup_zip", "backup.zip", "restore {} {}.restored"),
]
SLOW = {"xlsx", "sheet_xlsx"}
"""A child process reads them, or much is unpacked: fewer in the short run."""


@pytest.mark.parametrize("rounds", [4, pytest.param(ROUNDS, marks=pytest.mark.full)])
@pytest.mark.parametrize(("kind", "name", "command"), DOORS, ids=[kind for kind, *_ in DOORS])
def test_a_damaged_file_is_refused_or_read_and_never_a_fault_of_ours(
    kind: str,
    name: str,
    command: str,
    rounds: int,
    seeds: dict[str, bytes],
    workspace: Workspace,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for seed in range(SEED, SEED + (1 if kind in SLOW and rounds == 4 else rounds)):
        file = tmp_path / f"{seed}-{name}"
        file.write_bytes(damaged(seeds[kind], random.Random(seed)))
        arguments = [part.replace("{}", str(file)) for part in command.split()]
        where = [] if kind in {"backup_zip", "audit_zip"} else ["-w", str(workspace.root)]
        with bounded(f"{command} with seed {seed}"):
            code = run([*arguments, *where])
        shown = capsys.readouterr()
        assert code in {0, 2, 3, 4}, (seed, code, shown.err)
        assert "Unexpected error" not in shown.err, (seed, shown.err)


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
    """Fail where it does not end."""

    def late(*_: object) -> None:
        raise AssertionError(f"{what} does not end")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
