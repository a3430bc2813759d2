import csv
import io
import json

import pikepdf
import pytest
from pypdf import PdfReader

from invoicebatch.delivery.channel import Message
from invoicebatch.delivery.post import HotFolderChannel
from invoicebatch.files.whole import write_whole
from invoicebatch.model.outbox.payload import Attachment, PostalAddress, PostPayload
from invoicebatch.model.status import OutboxStatus
from invoicebatch.settings import Post


@pytest.fixture
def letter(tmp_path):
    def make(number, pages=1, duplex=True, name="Ada"):
        file = tmp_path / f"{number}.pdf"
        with pikepdf.new() as pdf:
            for _ in range(pages):
                pdf.add_blank_page(page_size=(595, 842))
            pdf.save(file)
        payload = PostPayload(
            number=number,
            lines=(name, "Kade 1", "1011 AA Town"),
            address=PostalAddress(name=name, street="Kade 1", postcode="1011 AA", city="Town", country="NL"),
            duplex=duplex,
            attachments=(Attachment.pdf("x", f"sha-{number}", number),),
        )
        return Message(f"{number}-message-id", "Ada, Kade 1", payload, (file,))

    return make


def channel(tmp_path, **changes):
    made = HotFolderChannel(Post(**changes), tmp_path / "hot")
    made.connect()
    return made


def index_of(tmp_path):
    (file,) = (tmp_path / "hot/in").glob("*/index.csv")
    return file, list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8-sig"))))


def test_a_batch_holds_its_letters_and_an_index(tmp_path, letter):
    answers = channel(tmp_path).hand_over_many(
        [letter("A1", pages=3), letter("B2", pages=8, name="=HYPERLINK(1)")]
    )
    assert {a.status for a in answers.values()} == {OutboxStatus.ACCEPTED}
    file, rows = index_of(tmp_path)
    assert [row["number"] for row in rows] == ["A1", "B2"]
    assert [(row["pages"], row["sheets"], row["weight_class"]) for row in rows] == [
        ("3", "2", "20g"),
        ("8", "4", "50g"),
    ]
    assert rows[0]["line_3"] == "1011 AA Town"
    assert rows[1]["line_1"] == "'=HYPERLINK(1)"
    assert all((file.parent / row["file"]).is_file() for row in rows)
    assert not [path for path in file.parent.iterdir() if path.name.startswith(".")]


def test_merged_letters_begin_on_a_front_and_are_sorted_by_weight(tmp_path, letter):
    messages = [letter("A", pages=1), letter("B", pages=3), letter("C", pages=9)]
    channel(tmp_path, merge=True).hand_over_many(messages)
    file, rows = index_of(tmp_path)
    assert [(row["file"], row["first_page"]) for row in rows] == [
        ("letters-20g.pdf", "1"),
        ("letters-20g.pdf", "3"),
        ("letters-50g.pdf", "1"),
    ]
    assert len(PdfReader(file.parent / "letters-20g.pdf").pages) == 6


def test_the_print_houses_answers_are_read_back(tmp_path, letter):
    hot = channel(tmp_path, batch_letters=2)
    answers = dict(hot.hand_over_many([letter("A"), letter("B")]))
    waiting = {message_id: answer.reference for message_id, answer in answers.items()}
    batch = waiting["A-message-id"].partition("/")[0]
    assert hot.poll(waiting) == {}
    (tmp_path / "hot/ack" / f"{batch}.ok").touch()
    assert {a.status for a in hot.poll(waiting).values()} == {OutboxStatus.SENT}
    (tmp_path / "hot/error" / f"{batch}.csv").write_text(
        "message_id,error\nB-message-id,address not readable\n"
    )
    polled = hot.poll(waiting)
    assert polled["A-message-id"].status is OutboxStatus.SENT
    assert polled["B-message-id"].status is OutboxStatus.FAILED
    assert "address not readable" in polled["B-message-id"].text


def test_a_batch_refused_as_a_whole_fails_every_letter(tmp_path, letter):
    hot = channel(tmp_path)
    (answer,) = hot.hand_over_many([letter("A")]).values()
    (tmp_path / "hot/error" / answer.reference.partition("/")[0]).mkdir()
    assert hot.poll({"A-message-id": answer.reference})["A-message-id"].status is OutboxStatus.FAILED


def test_after_a_crash_the_index_tells(tmp_path, letter):
    hot = channel(tmp_path, index="json")
    message = letter("A")
    assert hot.recover(message) is None
    hot.hand_over(message)
    assert hot.recover(message).status is OutboxStatus.ACCEPTED
    (index,) = (tmp_path / "hot/in").glob("*/index.json")
    assert json.loads(index.read_text())[0]["number"] == "A"


def test_of_a_batch_that_was_cut_off_no_letter_is_in_doubt(tmp_path, letter, monkeypatch):
    hot, letters = channel(tmp_path), [letter("A"), letter("B")]
    written = [0]

    def dies(path, *arguments, **options):
        written[0] += 1
        if written[0] == 3:  # what the batch is of, the first letter, half of the second
            path.with_name(f".{path.name}.0000.part").touch()
            raise KeyboardInterrupt
        return write_whole(path, *arguments, **options)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr("invoicebatch.delivery.post.folder.write_whole", dies)
        hot.hand_over_many(letters)
    for _ in range(2):  # asked again by the next process
        assert [hot.recover(one).status for one in letters] == [OutboxStatus.PENDING] * 2
    assert hot.recover(letter("C")) is None
    hot.hand_over_many(letters)
    (batch,) = (tmp_path / "hot/in").iterdir()
    assert sorted(file.suffix for file in batch.iterdir()) == [".csv", ".pdf", ".pdf"]
    assert [hot.recover(one).status for one in letters] == [OutboxStatus.ACCEPTED] * 2
