"""The access point against a real server: what it says becomes what the journal keeps."""

from pathlib import Path

import pytest

from invoicebatch.delivery import pace
from invoicebatch.delivery.channel import Message, TemporaryError
from invoicebatch.delivery.einvoice import EInvoiceChannel
from invoicebatch.errors import SettingsError
from invoicebatch.model.outbox.payload import EInvoicePayload
from invoicebatch.model.status import OutboxStatus
from invoicebatch.settings import EInvoice
from tests.waiting import LIMIT

ACCEPTED, SENT, FAILED, PENDING = (OutboxStatus(s) for s in ("accepted", "sent", "failed", "pending"))


@pytest.fixture
def open_channel(network, tmp_path, monkeypatch):
    monkeypatch.setenv("INVOICEBATCH_ACCESS_POINT_KEY", "secret")

    def make(**settings) -> EInvoiceChannel:
        whole = {"api_url": network.url, "legal_entities": {"BE": 7}, "timeout_seconds": LIMIT, **settings}
        return EInvoiceChannel(EInvoice(**whole), tmp_path)

    return make


@pytest.fixture
def message(tmp_path) -> Message:
    file = tmp_path / "F1.xml"
    file.write_bytes(b"<Invoice/>")
    payload = EInvoicePayload(
        network="peppol", account="BE", number="F1", scheme="0208", identifier="0200000043"
    )
    return Message("6b7ff2a1-aaaa-5aaa-8aaa-1234567890ab", "0208:0200000043", payload, (file,))


def test_a_document_is_looked_up_submitted_and_accepted(network, open_channel, message):
    answer = open_channel().hand_over(message)
    assert (answer.status, answer.reference) == (ACCEPTED, f"peppol:guid-{message.message_id}")
    assert network.paths() == ["/discovery/receives", "/document_submissions"]
    _, _, headers, body = network.asked[1]
    assert headers["Authorization"] == "Bearer secret"
    assert body["legalEntityId"] == 7
    assert body["routing"] == {"eIdentifiers": [{"scheme": "BE:EN", "id": "0200000043"}]}
    assert network.documents() == [b"<Invoice/>"]


def test_a_receiver_that_takes_nothing_gets_nothing(network, open_channel, message):
    network.answers["/discovery/receives"] = [(200, {"code": "ERROR"})]
    answer = open_channel().hand_over(message)
    assert answer.status is FAILED
    assert "takes no invoices through Peppol" in answer.text
    assert network.submissions == {}


def test_a_refusal_gives_the_networks_reason(network, open_channel, message):
    network.answers["/document_submissions"] = [
        (422, {"errors": [{"source": "document", "details": "BR-CO-15 is broken"}]})
    ]
    answer = open_channel().hand_over(message)
    assert answer.status is FAILED
    assert "document BR-CO-15 is broken" in answer.text


def test_a_duplicate_key_means_that_it_arrived_before(network, open_channel, message):
    channel = open_channel()
    channel.hand_over(message)
    again = channel.hand_over(message)
    assert again.status is ACCEPTED
    assert "already" in again.text
    assert len(network.submissions) == 1


@pytest.mark.parametrize("trouble", ["busy", "broken", "slow", "cut", "away"])
def test_trouble_before_an_answer_is_tried_again_under_the_same_key(network, open_channel, message, trouble):
    settings = {"slow": {"timeout_seconds": 0.3}, "away": {"api_url": "http://127.0.0.1:9"}}
    path = "/document_submissions"
    network.answers[path] = {
        "busy": [(429, None, {"Retry-After": "7"})],
        "broken": [(500, None)],
        "slow": [network.hang],
        "cut": [lambda handler, body: None],
        "away": [],
    }[trouble]
    with pytest.raises(TemporaryError) as caught:
        open_channel(look_up=False, **settings.get(trouble, {})).hand_over(message)
    if trouble == "slow":
        assert network.holding.wait(LIMIT)
    if trouble == "busy":
        assert caught.value.retry_after == 7
    if trouble != "away":
        assert open_channel(look_up=False).hand_over(message).status is ACCEPTED
        assert set(network.submissions) == {message.message_id}


def test_a_refused_key_is_said_in_words(network, open_channel, message):
    network.answers["/discovery/receives"] = [(401, {"error": "no"})]
    with pytest.raises(SettingsError, match="refused the key"):
        open_channel().hand_over(message)


def test_a_missing_key_or_legal_entity_is_said_in_words(network, open_channel, message, monkeypatch):
    with pytest.raises(SettingsError, match="no legal entity"):
        open_channel(legal_entities={}).hand_over(message)
    monkeypatch.delenv("INVOICEBATCH_ACCESS_POINT_KEY")
    with pytest.raises(SettingsError, match="key of the access point"):
        open_channel(keyring="").hand_over(message)


def test_news_is_read_once_and_outlives_a_crash(network, open_channel):
    channel = open_channel()
    references = {"m1": "peppol:g1", "m2": "peppol:g2", "m3": "peppol:g3"}
    assert channel.poll(references) == {}
    network.tell("g1", "succeeded")
    network.tell("other", "succeeded")
    network.tell("g2", "failed", details="Receiver not found")
    answers = channel.poll(references)
    assert answers["m1"].status is SENT
    assert (answers["m2"].status, answers["m2"].text) == (FAILED, "Peppol: failed. Receiver not found")
    assert set(answers) == {"m1", "m2"}
    assert network.news == []
    assert open_channel().poll(references) == answers


def test_a_message_cut_off_may_go_again(open_channel, message):
    assert open_channel().recover(message).status is PENDING


def test_the_folder_keeps_document_and_envelope_and_reads_its_answers(open_channel, message, tmp_path):
    channel = open_channel(access_point="folder", folder="ap")
    assert channel.recover(message).status is PENDING
    answer = channel.hand_over(message)
    assert answer.status is ACCEPTED
    folder = tmp_path / "ap"
    assert (folder / "in" / f"{message.message_id}.xml").read_bytes() == b"<Invoice/>"
    assert channel.recover(message).status is ACCEPTED
    references = {message.message_id: answer.reference}
    assert channel.poll(references) == {}
    Path(folder / "error" / f"{message.message_id}.txt").write_text("Unknown receiver")
    assert channel.poll(references)[message.message_id].text == "refused: Unknown receiver"
    Path(folder / "error" / f"{message.message_id}.txt").rename(folder / "ack" / f"{message.message_id}.xml")
    assert channel.poll(references)[message.message_id].status is SENT


def test_the_rate_of_a_network_is_kept(open_channel, message, monkeypatch):
    monkeypatch.setattr(pace, "monotonic", lambda: 100.0)
    channel = open_channel(per_minute=60)
    assert [channel.pause(message) for _ in range(3)] == [0.0, 1.0, 2.0]
