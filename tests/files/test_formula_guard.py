"""No text of ours becomes a formula where a file is opened: every writer of CSV and workbooks is walked."""

import csv
import io
import unicodedata
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

import openpyxl
import pandas as pd
import pikepdf
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoicebatch.actions import registry
from invoicebatch.delivery.channel import Message
from invoicebatch.delivery.external import FilesChannel
from invoicebatch.delivery.post import HotFolderChannel
from invoicebatch.eligibility import load_rules
from invoicebatch.files.csv_text import csv_bytes, guard, unguard
from invoicebatch.files.shipped import shipped
from invoicebatch.formats.archive.stored_documents import document_list
from invoicebatch.formats.checked import Checked, checks_table
from invoicebatch.formats.workbook.columns import known_columns
from invoicebatch.interfaces.api import Workspace, init_workspace
from invoicebatch.interfaces.customers_sheet.write import customers_sheet
from invoicebatch.interfaces.matching_sheet.write import matching_sheet
from invoicebatch.interfaces.sheet.read import read_sheet
from invoicebatch.interfaces.sheet.rules import write_rules
from invoicebatch.model.outbox.payload import Attachment, ExternalPayload, PostalAddress, PostPayload
from invoicebatch.model.schema.types import TEXTS
from invoicebatch.settings import External, Post
from tests.files.sources import calls, trees

BLANKS = ["", " ", "   ", "\u00a0", "\u200b", "\ufeff", "\u2060", "\u3000", "\u00ad", "\u2003 ", "\x7f"]
STARTS = "=+-@＝＋－＠﹦﹢﹣﹫"
NASTY = [
    *(f"{blank}{start}1+1" for start in STARTS for blank in BLANKS),
    *(
        "\tTab",
        "\rReturn",
        "\nLine",
        "\t=1",
        "\r\n=1",
        "-1",
        "+1",
        "@SUM(1)",
        "=cmd|' /C calc'!A0",
        "'=1",
        "''-1",
    ),
]
HARMLESS = ["Bakkerij 1+1=2", "'s-Gravenhage", "a@b.nl", "", "1-2", "’=1", "\u00a0x", "''"]


def dangerous(text: str) -> bool:
    """Another wording of the rule than the guard's: by Unicode's own tables, a character at a time."""
    if text[:1] in ("\t", "\r", "\n"):
        return True
    seen = text.lstrip(
        "".join(c for c in set(text) if unicodedata.category(c) in ("Zs", "Zl", "Zp", "Cc", "Cf"))
    )
    return unicodedata.normalize("NFKC", seen[:1]) in ("=", "+", "-", "@") and seen[:1] in STARTS


# The guard itself


def test_whatever_could_be_a_formula_gets_an_apostrophe_and_nothing_else_does() -> None:
    texts = [*NASTY, *HARMLESS, None]
    guarded = guard(pa.array(texts)).to_pylist()
    assert guarded == [f"'{text}" for text in NASTY] + [*HARMLESS, None]


@given(
    st.lists(
        st.text(
            st.sampled_from([*"='+-@ab \t\r\n\u00a0\u200b＝﹣"]) | st.characters(exclude_categories=["Cs"])
        )
    )
)
def test_any_text_is_harmless_once_guarded_and_comes_back_as_it_was(texts: list[str]) -> None:
    guarded = guard(pa.array(texts, pa.string()))
    assert not [text for text in guarded.to_pylist() if dangerous(text)]
    assert unguard(guarded).to_pylist() == texts


def test_csv_of_frames_and_sequences() -> None:
    columns = {
        "name": pd.Series(["=1", None, 'a "b", c\nd'], dtype="str"),
        "kind": pd.Categorical(["-x", "y", "y"]),
        "amount": ["-12.50", "1.00", None],
        "count": [-1, 2, 3],
    }
    text = csv_bytes(columns, plain=("amount",), mark=True).decode()
    assert text == (
        '\ufeff"name","kind","amount","count"\r\n"\'=1","\'-x",-12.50,-1\r\n,"y",1.00,2\r\n"a ""b"", c\nd","y",,3\r\n'
    )


def test_a_csv_of_no_rows_has_its_header() -> None:
    assert csv_bytes(pd.DataFrame({"=a": pd.Series(dtype="str")})) == b'"\'=a"\r\n'


def test_a_long_csv_has_every_row() -> None:
    rows = list(csv.reader(io.StringIO(csv_bytes(pd.DataFrame({"n": range(20_000)})).decode())))
    assert [int(row[0]) for row in rows[1:]] == list(range(20_000))


# Every writer


@pytest.fixture
def nasty_workspace(
    tmp_path: Path, frames_of: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> Workspace:
    """Created invoices whose every free text is one of NASTY, in the hands of a user with such a name."""
    monkeypatch.setenv("INVOICEBATCH_USER", "=HYPERLINK(user)")
    count = len(NASTY)
    frames = frames_of(count, "created")
    texts = pd.Series([*NASTY], dtype="str")
    customers = frames["customers"].iloc[[0] * count].reset_index(drop=True)
    frames["customers"] = customers.assign(
        customer_id=[f"{text}{at}" for at, text in enumerate(NASTY)], name=texts, street=texts, city=texts
    )
    frames["invoices"] = frames["invoices"].assign(
        number=[f"{text}{at}" for at, text in enumerate(NASTY)],
        customer_id=frames["customers"]["customer_id"].to_numpy(),
        invoice_date=pd.Timestamp("2026-01-17"), due_date=pd.Timestamp("2026-01-31"),
        buyer_reference=texts, order_reference=texts, note=texts,
    )  # fmt: skip
    frames["lines"] = frames["lines"].assign(
        name=texts.repeat(2).to_numpy(), description=texts.repeat(2).to_numpy()
    )
    frames["measurements"] = frames["lines"][["invoice_id", "line_no", "unit"]].assign(
        reading_no=1, date_from=pd.Timestamp("2026-01-01"), date_to=pd.Timestamp("2026-01-31"), meter_id=texts.repeat(2).to_numpy(), register=texts.repeat(2).to_numpy(), usage="1"
    ).astype({"usage": object})  # fmt: skip
    workspace = init_workspace(tmp_path / "workspace")
    facts = workspace.root / "rules" / "facts.toml"
    own = """\n[nasty]\nwhen = "kind == 'invoice'"\nreason = '=HYPERLINK("x")'\n"""
    facts.write_text(facts.read_text() + own)
    with workspace.store.write() as session:
        for table, frame in frames.items():
            session.insert(table, frame)
        session.reserve_ids(count)
    return workspace


def export_every_table(workspace: Workspace, folder: Path) -> None:
    """Every export action in every format it has, with every column of text that it knows."""
    exports = {name: a for name, a in registry().items() if "format" in a.params.model_fields}
    assert {"export.invoices", "export.lines", "export.measurements", "export.aging"} <= set(exports)
    for name, action in exports.items():
        chosen = {}
        if "columns" in action.params.model_fields:
            known = known_columns(name.rpartition(".")[2])
            chosen["columns"] = tuple(column for column, declared in known.items() if declared.type in TEXTS)
        kinds = set(get_args(action.params.model_fields["format"].annotation))
        for kind in sorted(kinds - {"parquet"}):  # holds every text as it is, and no program runs it
            plan = workspace.select(all=True).plan(name, format=kind, folder=folder / name / kind, **chosen)
            assert len(plan.apply().done) == len(NASTY)


def write_sheets(workspace: Workspace, folder: Path) -> None:
    """Both kinds of selection sheet, and the result of one that was run."""
    workspace.sheet(folder / "sheet.xlsx", all=True)
    path = workspace.sheet(folder / "sheet.csv", all=True)
    tick(path, range(len(NASTY)), "Mark as: Exported")
    assert workspace.run_sheet(path, confirmed=True).result.suffix == ".xlsx"


def tick(path: Path, rows: range, action: str) -> None:
    """Tick rows of a CSV sheet as a person would in an editor."""
    header, *lines = csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline=""))
    for row in rows:
        lines[row][header.index("Run")], lines[row][header.index("Action")] = "x", action
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *lines])


def import_refused_rows(workspace: Workspace, folder: Path) -> None:
    """An import of a file with a nasty name, every row of which is refused."""
    file = folder / "=1+1.csv"
    lines = pd.DataFrame({"external_id": NASTY, "name": NASTY, "quantity": 1, "price": 1, "vat_rate": 21})
    lines.to_csv(file, index=False)
    report = workspace.import_files([file])
    file.unlink()
    assert report.refused_file is not None
    assert set(report.refused["file"]) == {"=1+1.csv"}


def list_checks(workspace: Workspace, folder: Path) -> None:
    (folder / "ubl-checks.csv").write_bytes(checks_table([Checked(1, text) for text in NASTY]))


def list_documents(workspace: Workspace, folder: Path) -> None:
    """The list in a ZIP of documents."""
    names = ["number", "kind", "invoice_date", "customer_id", "customer_name", "currency", "total_cents"]
    invoices = workspace.select(all=True).columns(names).assign(document_sha256="00")
    (folder / "index.csv").write_bytes(document_list(invoices, [f"{text}.pdf" for text in NASTY]))


def hand_over_letters(_: Workspace, folder: Path) -> None:
    """The index of a batch of letters for a print house."""
    pdf = folder / "letter.pdf"
    with pikepdf.new() as document:
        document.add_blank_page(page_size=(595, 842))
        document.save(pdf)
    document = Attachment(path="letter.pdf", sha256="00")
    letters = [
        Message(
            f"m{at}",
            "x",
            PostPayload(
                number=text,
                lines=(text,) * 6,
                product=text,
                address=PostalAddress(
                    name=text, street=text, street_extra=text, postcode=text, city=text, country=text
                ),
                attachments=(document,),
            ),
            (pdf,),
        )
        for at, text in enumerate(NASTY)
    ]
    HotFolderChannel(Post(batch_letters=len(NASTY)), folder).hand_over_many(letters)


def hand_over_records(_: Workspace, folder: Path) -> None:
    """A file for another system."""
    columns = {"id": "invoice_id", "nr": "number", "name": "customer_name", "amount": "total"}
    channel = FilesChannel(External(kind="files", url=str(folder), format="csv", columns=columns), folder)
    channel.connect()
    records = [{"id": at, "nr": text, "name": text, "amount": "12.50"} for at, text in enumerate(NASTY)]
    channel.hand_over_many(
        [Message(f"m{r['id']}", "erp", ExternalPayload(record=r), run_id="r" * 36) for r in records]
    )


def write_matching_sheet(workspace: Workspace, folder: Path) -> None:
    """What customers paid, whose names and texts anyone may choose."""
    count = len(NASTY)
    rows = pd.DataFrame(
        {
            "payment_id": [f"{place:04d}" for place in range(count)],
            "booked_on": pd.Timestamp("2026-11-22"),
            "read_at": pd.Timestamp("2026-11-22"),
            "amount_cents": 100,
            "currency": "EUR",
            "account_iban": "NL91ABNA0417164300",
            "payer_iban": "BE68539007547034",
            **dict.fromkeys(("payer", "text", "reference", "documents"), NASTY),
            **dict.fromkeys(("statement_id", "message", "source"), "x"),
        }
    )
    with workspace.store.write() as session:
        session.insert("incoming_payments", rows)
    matching_sheet(workspace, folder / "matching.xlsx")


def write_audit_pack(workspace: Workspace, folder: Path) -> None:
    """All that is known of the documents, its tables one after another."""
    workspace.audit_pack(workspace.root / "audit.zip", workspace.select(all=True))
    with zipfile.ZipFile(workspace.root / "audit.zip") as pack:
        tables = [pack.read(name) for name in pack.namelist() if name.endswith(".csv")]
    (folder / "tables.csv").write_bytes(b"".join(tables))


def write_decisions(workspace: Workspace, folder: Path) -> None:
    """The rules as a workbook, with a reason that a workspace wrote."""
    write_rules(load_rules(workspace.root / "rules", shipped("rules")), folder / "rules.xlsx")


def write_customers_sheet(workspace: Workspace, folder: Path) -> None:
    customers_sheet(workspace.select(all=True), folder / "customers.xlsx")


WRITERS: dict[str, Callable[[Workspace, Path], None]] = {
    "delivery/external/files.py": hand_over_records,
    "delivery/post/folder.py": hand_over_letters,
    "engine/audit.py": write_audit_pack,
    "engine/imports/import_files.py": import_refused_rows,
    "formats/archive/stored_documents.py": list_documents,
    "formats/checked.py": list_checks,
    "formats/workbook/flat.py": export_every_table,
    "formats/workbook/table.py": export_every_table,
    "formats/workbook/customers.py": write_customers_sheet,
    "formats/workbook/matching.py": write_matching_sheet,
    "formats/workbook/sheet/write.py": write_sheets,
    "interfaces/sheet/rules.py": write_decisions,
}
"""Each module that makes the content of a CSV file or workbook, and what lets it do so."""

MAKERS = {"csv_bytes", "csv_lines", "table_bytes", "Workbook"}
UNGUARDED = {
    "csv.writer",
    "csv.DictWriter",
    "to_csv",
    "to_excel",
    "to_clipboard",
    "xlsxwriter.Workbook",
    "write_csv",
}


def test_every_writer_is_walked() -> None:
    """A new writer must be in WRITERS, so that its files are looked into."""
    makers = {
        path
        for path, tree in trees().items()
        if MAKERS & {name.rpartition(".")[2] for name, _ in calls(tree)}
    }
    own_words = {
        "engine/imports/sample.py",  # what the sample plants: ids and words of ours alone
        "interfaces/customers_sheet/run.py",  # what a sheet says, for our own import to read as it is
    }
    assert makers - {"files/csv_text.py"} - own_words == set(WRITERS)


def test_nobody_writes_csv_or_workbooks_by_other_means() -> None:
    own = {"write_csv"}  # of formats.workbook.flat, which is walked
    for path, tree in trees().items():
        names = {name for name, _ in calls(tree)}
        used = names | {name.rpartition(".")[2] for name in names if not name.startswith("pa")}
        assert not used & UNGUARDED - own, path


@pytest.mark.parametrize("write", dict.fromkeys(WRITERS.values()), ids=lambda write: write.__name__)
def test_no_file_of_a_writer_holds_a_formula(
    nasty_workspace: Workspace, tmp_path: Path, write: Callable[[Workspace, Path], None]
) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    write(nasty_workspace, folder)
    files = [*tables_in(folder), *tables_in(nasty_workspace.data / "imports")]
    assert files
    for name, data in files:
        (check_csv if name.endswith(".csv") else check_workbook)(name, data)


def tables_in(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every CSV file and workbook in a folder, and in the archives there."""
    for file in sorted(folder.rglob("*")):
        if file.suffix in (".csv", ".xlsx"):
            yield file.name, file.read_bytes()
        elif file.suffix == ".zip":
            with zipfile.ZipFile(file) as archive:
                yield from ((name, archive.read(name)) for name in archive.namelist())


def check_csv(name: str, data: bytes) -> None:
    cells = [cell for row in csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")) for cell in row]
    assert not [cell for cell in cells if dangerous(cell)], name
    assert sum(cell.startswith("'") for cell in cells) >= len(NASTY), f"{name} holds none of the nasty texts"


def check_workbook(name: str, data: bytes) -> None:
    """Formulas are only those that the layout itself puts there; texts are strings, whatever they say."""
    book = openpyxl.load_workbook(io.BytesIO(data))
    cells = [cell for sheet in book.worksheets for row in sheet.iter_rows() for cell in row]
    formulas = [str(cell.value) for cell in cells if cell.data_type == "f"]
    ours = ("=SUBTOTAL(", "=SUMIF(", '="Shown: "&', '="Ticked: "&', "=IF(SUBTOTAL(")
    assert not [text for text in formulas if not text.startswith(ours)], name
    assert not [cell.coordinate for cell in cells if cell.hyperlink], name
    texts = [cell.value for cell in cells if cell.data_type == "s"]
    assert [text for text in texts if dangerous(str(text))], f"{name} holds none of the nasty texts"


# What people send back


def test_a_csv_sheet_is_read_back_as_it_was_written(nasty_workspace: Workspace, tmp_path: Path) -> None:
    path = nasty_workspace.sheet(tmp_path / "sheet.csv", all=True)
    tick(path, range(len(NASTY)), "approve")
    rows = read_sheet(path).rows
    assert rows["problem"].tolist() == [""] * len(NASTY)
    assert rows["number"].tolist() == [f"{text}{at}".strip() for at, text in enumerate(NASTY)]
