"""Files of a folder become attachments of the invoice whose number they begin with, each once."""

import base64

import pytest

from invoicebatch.errors import InputFileError
from invoicebatch.files.names import safe_name
from invoicebatch.interfaces.cli.main import run

SLASHED = safe_name("F2026/7")


def test_files_find_their_invoice_by_number_and_come_in_once(make_workspace, tmp_path, capsys):
    workspace = make_workspace(3, status="created")
    with workspace.store.write() as session:
        session._con.execute("UPDATE invoices SET number = 'F2026-' || invoice_id")
        session._con.execute("UPDATE invoices SET number = 'F2026/7' WHERE invoice_id = 3")
    folder = tmp_path / "in"
    (folder / "F2026-2").mkdir(parents=True)
    for name, data in {
        "F2026-1.pdf": b"one", "F2026-1_report.csv": b"a;b", "F2026-2/meter.png": b"png", f"{SLASHED} x.pdf": b"seven",
        "F2026-11.pdf": b"no", "F2026-1.exe": b"no", "F2026-2 empty.csv": b"",
    }.items():  # fmt: skip
        (folder / name).write_bytes(data)
    found = workspace.import_attachments(folder).set_index("file")["outcome"]
    taken = {"F2026-1.pdf", "F2026-1_report.csv", "F2026-2/meter.png", f"{SLASHED} x.pdf"}
    assert set(found.index[found == "taken"]) == taken
    assert "begins with no invoice number" in found["F2026-11.pdf"]
    assert "BR-CL-24" in found["F2026-1.exe"]
    assert found["F2026-2 empty.csv"] == "it is empty"
    with workspace.store.read() as session:
        held = session.whole("attachments")
    assert held.groupby("invoice_id")["attachment_no"].apply(list).to_dict() == {1: [1, 2], 2: [1], 3: [1]}
    assert base64.b64decode(held["content_base64"].iloc[0]) == b"one"
    capsys.readouterr()
    assert run(["einvoice", "attach", str(folder), "-w", str(workspace.root)]) == 3
    assert "known already" in capsys.readouterr().out
    with workspace.store.read() as session:
        assert len(session.whole("attachments")) == 4
    (folder / "F2026-1.pdf").write_bytes(b"other")
    found = workspace.import_attachments(folder).set_index("file")["outcome"]
    assert "of this name is attached already" in found["F2026-1.pdf"]


def test_a_folder_that_is_none_is_an_error(make_workspace, tmp_path):
    with pytest.raises(InputFileError, match="is not a folder"):
        make_workspace(1).import_attachments(tmp_path / "nowhere")
