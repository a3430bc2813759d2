import pytest

from invoicebatch.delivery.channel import Message, TemporaryError
from invoicebatch.delivery.post import PingenChannel
from invoicebatch.errors import SettingsError
from invoicebatch.model.outbox.payload import Attachment, PostalAddress, PostPayload
from invoicebatch.model.status import OutboxStatus
from invoicebatch.settings import Post
from tests.delivery.webserver import web_service


class Pingen:
    """A stand-in that keeps letters by idempotency key."""

    def __init__(self):
        self.letters = {}
        self.uploads = []
        self.status = "validating"
        self.misfortunes = []
        self.url = ""

    def __call__(self, request):
        if request.path == "/token":
            good = b"client_secret=s3cret" in request.body
            return (200, {"access_token": "T"}) if good else (401, {"error": "invalid_client"})
        if request.path == "/upload":
            assert "Authorization" not in request.headers
            self.uploads.append(request.body)
            return 200, b""
        if request.headers.get("Authorization") != "Bearer T":
            return 401, b""
        if self.misfortunes:
            return self.misfortunes.pop(0)
        if request.path == "/file-upload":
            return 200, {"data": {"attributes": {"url": f"{self.url}/upload", "url_signature": "sig"}}}
        if request.method == "POST":
            key = request.headers["Idempotency-Key"]
            attributes = request.json["data"]["attributes"]
            self.letters.setdefault(key, attributes)
            return 201, {
                "data": {"id": f"L{list(self.letters).index(key)}", "attributes": {"status": self.status}}
            }
        return 200, {"data": {"id": "L0", "attributes": {"status": self.status}}}


@pytest.fixture
def message(tmp_path):
    file = tmp_path / "a.pdf"
    file.write_bytes(b"%PDF-1.7 letter")
    payload = PostPayload(
        number="F1",
        lines=("Ada",),
        address=PostalAddress(name="Ada"),
        window="right",
        attachments=(Attachment.pdf("a.pdf", "0", "F1"),),
    )
    return Message("m1", "Ada", payload, (file,))


@pytest.fixture
def pingen(monkeypatch):
    monkeypatch.setenv("INVOICEBATCH_PINGEN_ID", "me")
    monkeypatch.setenv("INVOICEBATCH_PINGEN_SECRET", "s3cret")
    fake = Pingen()
    with web_service(fake) as service:
        fake.url = service.url
        post = Post(
            provider="pingen", organisation="O1", api_url=service.url, token_url=f"{service.url}/token"
        )
        channel = PingenChannel(post)
        yield fake, channel
        channel.close()


def test_a_letter_goes_with_its_options_and_its_state_is_asked(pingen, message):
    fake, channel = pingen
    channel.connect()
    answer = channel.hand_over(message)
    assert (answer.status, answer.reference) == (OutboxStatus.ACCEPTED, "L0")
    assert fake.uploads == [b"%PDF-1.7 letter"]
    assert fake.letters["m1"] | {"file_url": ""} == {
        "file_original_name": "F1.pdf", "file_url": "", "file_url_signature": "sig", "address_position": "right",
        "auto_send": True, "delivery_product": "cheap", "print_mode": "duplex", "print_spectrum": "grayscale",
    }  # fmt: skip
    assert channel.poll({"m1": "L0"}) == {}
    fake.status = "sent"
    assert channel.poll({"m1": "L0"})["m1"].status is OutboxStatus.SENT
    fake.status = "undeliverable"
    assert channel.poll({"m1": "L0"})["m1"].status is OutboxStatus.FAILED


def test_handing_over_twice_makes_one_letter(pingen, message):
    fake, channel = pingen
    channel.connect()
    assert channel.hand_over(message).reference == channel.hand_over(message).reference
    assert len(fake.letters) == 1


@pytest.mark.parametrize(
    "misfortune", [(503, b""), (429, b"", {"Retry-After": "7"}), (409, b""), (424, b""), None]
)
def test_a_busy_or_broken_service_is_asked_again_later(pingen, message, misfortune):
    fake, channel = pingen
    channel.connect()
    fake.misfortunes = [misfortune] * (2 if misfortune is None else 1)
    with pytest.raises(TemporaryError) as raised:
        channel.hand_over(message)
    if misfortune and misfortune[0] == 429:
        assert raised.value.retry_after == 7.0
    fake.misfortunes = []
    assert channel.hand_over(message).status is OutboxStatus.ACCEPTED


def test_a_refused_letter_fails_in_its_words(pingen, message):
    fake, channel = pingen
    channel.connect()
    upload = {"data": {"attributes": {"url": f"{fake.url}/upload", "url_signature": "s"}}}
    refusal = {"errors": [{"title": "Invalid", "detail": "address area is not free"}]}
    fake.misfortunes = [(200, upload), (422, refusal)]
    answer = channel.hand_over(message)
    assert answer.status is OutboxStatus.FAILED
    assert "address area is not free" in answer.text


def test_a_letter_that_was_not_begun_is_never_in_doubt(pingen, message):
    fake, channel = pingen
    channel.connect()
    fake.misfortunes = [(401, b""), (401, b"")]
    with pytest.raises(SettingsError, match="Pingen refused the token"):
        channel.hand_over(message)
    fake.misfortunes = [(403, {"errors": [{"title": "Forbidden", "detail": "no such organisation"}]})]
    answer = channel.hand_over(message)
    assert answer.status is OutboxStatus.FAILED
    assert "no such organisation" in answer.text
    assert fake.letters == {}


def test_a_refused_login_is_a_setting_to_correct(pingen, monkeypatch):
    monkeypatch.setenv("INVOICEBATCH_PINGEN_SECRET", "wrong")
    with pytest.raises(SettingsError, match="refused the login"):
        pingen[1].connect()
