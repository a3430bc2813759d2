import csv
import json
from decimal import Decimal

import fsspec
import pyarrow.parquet as pq
import pytest

from invoicebatch.delivery.channel import Message, TemporaryError
from invoicebatch.delivery.external import FilesChannel
from invoicebatch.errors import SettingsError
from invoicebatch.model.outbox.payload import ExternalPayload
from invoicebatch.model.status import OutboxStatus
from invoicebatch.settings import External

COLUMNS = {"id": "invoice_id", "nr": "number", "amount": "total", "issued": "invoice_date"}


def channel(tmp_path, url="there", **changes):
    made = FilesChannel(External(kind="files", url=url, columns=COLUMNS, **changes), tmp_path)
    made.connect()
    return made


def messages():
    return [
        Message(
            f"m{i}",
            "erp",
            ExternalPayload(record={"id": i, "nr": f"00{i}", "amount": "0.10", "issued": None}),
            run_id="r" * 36,
        )
        for i in (1, 2)
    ]


def test_parquet_keeps_types_and_zeros(tmp_path):
    answers = channel(tmp_path).hand_over_many(messages())
    assert {a.status for a in answers.values()} == {OutboxStatus.SENT}
    (file,) = (tmp_path / "there").iterdir()
    rows = pq.read_table(file).to_pylist()
    assert rows[0] == {"id": 1, "nr": "001", "amount": Decimal("0.10"), "issued": None}


def test_csv_and_json_lines(tmp_path):
    channel(tmp_path, format="csv").hand_over_many(messages())
    channel(tmp_path, format="jsonl").hand_over_many(messages())
    files = {path.suffix: path for path in (tmp_path / "there").iterdir()}
    assert list(csv.DictReader(files[".csv"].open()))[1]["nr"] == "002"
    assert [json.loads(line)["amount"] for line in files[".jsonl"].read_text().splitlines()] == [
        "0.10",
        "0.10",
    ]


def test_handing_over_again_replaces_the_same_file(tmp_path):
    there = channel(tmp_path)
    there.hand_over_many(messages())
    there.hand_over_many(messages())
    assert len(list((tmp_path / "there").iterdir())) == 1


def test_any_place_fsspec_reaches(tmp_path):
    channel(tmp_path, url="memory://bucket/erp", format="jsonl").hand_over_many(messages())
    assert len(fsspec.filesystem("memory").ls("/bucket/erp", detail=False)) == 1


def test_a_place_that_can_not_be_written_is_tried_again(tmp_path):
    there = channel(tmp_path)
    (tmp_path / "there").rmdir()
    (tmp_path / "there").write_text("a file in the way")
    with pytest.raises(TemporaryError, match="can't be written"):
        there.hand_over_many(messages())


def test_an_unknown_kind_of_place_is_a_setting_to_correct(tmp_path):
    with pytest.raises(SettingsError, match="can't be used"):
        channel(tmp_path, url="nosuch://x/y")
