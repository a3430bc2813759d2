"""Chorus Pro against a real server: deposits are never made twice, a return code is an answer."""

import base64

import pytest

from invoicebatch.delivery.channel import InDoubtError, Message, TemporaryError
from invoicebatch.delivery.einvoice import EInvoiceChannel
from invoicebatch.errors import SettingsError
from invoicebatch.model.outbox.payload import Attachment, EInvoicePayload
from invoicebatch.model.status import OutboxStatus
from invoicebatch.settings import EInvoice
from tests.waiting import LIMIT

DEPOSIT = "/cpro/factures/v1/deposer/flux"
REPORT = "/cpro/transverses/v1/consulterCRDetaille"


@pytest.fixture
def channel(network, tmp_path, monkeypatch):
    for name in (
        "INVOICEBATCH_PISTE_ID",
        "INVOICEBATCH_PISTE_SECRET",
        "INVOICEBATCH_CHORUS_LOGIN",
        "INVOICEBATCH_CHORUS_PASSWORD",
    ):
        monkeypatch.setenv(name, name[-5:].lower())
    settings = EInvoice(
        chorus_url=network.url, chorus_token_url=f"{network.url}/token", timeout_seconds=LIMIT
    )
    return EInvoiceChannel(settings, tmp_path)


@pytest.fixture
def message(tmp_path) -> Message:
    file = tmp_path / "F1.xml"
    file.write_bytes(b"<Invoice/>")
    payload = EInvoicePayload(
        network="chorus_pro",
        account="FR",
        number="F1",
        scheme="0009",
        identifier="1",
        attachments=(Attachment.xml("F1.xml", "0", "F1"),),
    )
    return Message("m1", "0009:1", payload, (file,))


def test_a_deposit_carries_token_and_account_and_is_accepted(network, channel, message):
    answer = channel.hand_over(message)
    assert (answer.status, answer.reference) == (OutboxStatus.ACCEPTED, "chorus_pro:CPP1")
    _, _, headers, body = network.asked[-1]
    assert headers["Authorization"] == "Bearer token-1"
    assert base64.b64decode(headers["cpro-account"]) == b"login:sword"
    assert (body["syntaxeFlux"], body["nomFichier"]) == ("IN_DP_E1_UBL_INVOICE", "F1.xml")
    assert base64.b64decode(body["fichierFlux"]) == b"<Invoice/>"


def test_a_pdf_with_its_data_is_deposited_as_such(network, channel, message, tmp_path):
    file = tmp_path / "F1.pdf"
    file.write_bytes(b"%PDF")
    attachments = (Attachment.pdf("F1.pdf", "0", "F1"),)
    payload = message.payload.model_copy(update={"attachments": attachments})
    answer = channel.hand_over(Message("m2", "0009:1", payload, (file,)))
    assert answer.status is OutboxStatus.ACCEPTED
    body = network.asked[-1][3]
    assert (body["syntaxeFlux"], body["nomFichier"]) == ("IN_DP_E2_CII_FACTURX", "F1.pdf")


def test_http_200_with_a_return_code_is_a_refusal(network, channel, message):
    network.answers[DEPOSIT] = [(200, {"codeRetour": 20003, "libelle": "SIRET inconnu"})]
    answer = channel.hand_over(message)
    assert answer.status is OutboxStatus.FAILED
    assert "20003 SIRET inconnu" in answer.text


def test_an_expired_token_is_renewed_once(network, channel, message):
    network.answers[DEPOSIT] = [(401, None)]
    assert channel.hand_over(message).status is OutboxStatus.ACCEPTED
    assert network.paths() == ["/token", DEPOSIT, "/token", DEPOSIT]
    network.answers[DEPOSIT] = [(401, None), (401, None)]
    with pytest.raises(SettingsError, match="refused the account"):
        channel.hand_over(message)


def test_a_lost_answer_is_in_doubt_and_nothing_is_deposited_again(network, channel, message):
    for trouble in (lambda handler, body: None, (500, None)):
        network.answers[DEPOSIT] = [trouble]
        with pytest.raises(InDoubtError):
            channel.hand_over(message)
    assert channel.recover(message) is None
    assert network.paths().count(DEPOSIT) == 2


def test_a_busy_portal_is_tried_again(network, channel, message):
    network.answers[DEPOSIT] = [(429, None)]
    with pytest.raises(TemporaryError):
        channel.hand_over(message)


@pytest.mark.parametrize(
    ("state", "status"),
    [("IN_INTEGRE", OutboxStatus.SENT), ("IN_REJETE", OutboxStatus.FAILED), ("IN_INTEGRE_PARTIEL", OutboxStatus.FAILED),
     ("IN_DEPOT_PORTAIL_EN_ATTENTE_TRAITEMENT_SE_CPP", None), ("IN_AUTRE", None)],
)  # fmt: skip
def test_the_state_of_a_flow_becomes_the_answer(network, channel, state, status):
    network.answers[REPORT] = [
        (
            200,
            {
                "etatCourantDepotFlux": state,
                "listeErreurDP": [{"numeroDP": "F1", "libelleErreurDP": "Doublon"}],
            },
        )
    ]
    answers = channel.poll({"m1": "chorus_pro:CPP1"})
    assert (answers["m1"].status if answers else None) is status
    if status is OutboxStatus.FAILED:
        assert "F1: Doublon" in answers["m1"].text
