import hashlib
import hmac

import pytest

from invoicebatch.delivery.channel import Message, TemporaryError
from invoicebatch.delivery.external import HttpChannel
from invoicebatch.delivery.external.post import SIGNATURE
from invoicebatch.errors import SettingsError
from invoicebatch.model.outbox.payload import ExternalPayload
from invoicebatch.model.status import OutboxStatus
from invoicebatch.settings import External
from tests.delivery.webserver import web_service
from tests.waiting import LIMIT

RECORD = {"nr": "F1", "amount": "121.00", "name": "Été"}
MESSAGE = Message("m1", "erp", ExternalPayload(record=RECORD))


def channel(url, **changes):
    made = HttpChannel(External(kind="http", url=url, timeout_seconds=LIMIT, **changes))
    made.connect()
    return made


def test_the_body_is_signed_and_carries_its_key(monkeypatch):
    monkeypatch.setenv("ERP_KEY", "k3y")
    monkeypatch.setenv("ERP_TOKEN", "t0ken")
    with web_service(lambda _: (201, {"ok": True})) as service:
        there = channel(service.url, secret_env="ERP_KEY", token_env="ERP_TOKEN")
        assert there.hand_over(MESSAGE).status is OutboxStatus.SENT
    (request,) = service.requests
    assert request.json == RECORD
    assert request.headers["Idempotency-Key"] == "m1"
    assert request.headers["Authorization"] == "Bearer t0ken"
    moment, digest = (part.partition("=")[2] for part in request.headers[SIGNATURE].split(","))
    assert digest == hmac.new(b"k3y", moment.encode() + b"." + request.body, hashlib.sha256).hexdigest()


@pytest.mark.parametrize("answer", [(500, b"oops"), (429, b"", {"Retry-After": "3"}), (409, b"busy"), None])
def test_what_may_pass_is_tried_again_under_the_same_key(answer):
    with web_service(lambda _: answer) as service, pytest.raises(TemporaryError):
        channel(service.url).hand_over(MESSAGE)


def test_a_refusal_fails_in_the_other_sides_words():
    with web_service(lambda _: (422, b"amount must be positive")) as service:
        answer = channel(service.url).hand_over(MESSAGE)
    assert answer.status is OutboxStatus.FAILED
    assert "422 amount must be positive" in answer.text


def test_a_redirect_is_not_followed_with_our_secrets():
    with web_service(lambda _: (302, b"", {"Location": "http://evil.example/"})) as service:
        assert channel(service.url).hand_over(MESSAGE).status is OutboxStatus.FAILED


def test_plain_http_leaves_this_machine_never():
    with pytest.raises(SettingsError, match="https"):
        channel("http://erp.example/in")
