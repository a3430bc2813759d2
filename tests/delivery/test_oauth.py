"""One login for all who ask for tokens: kept until it expires, asked anew after a refusal, told apart from a doubt."""

from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs

import httpx
import pytest

from invoicebatch.delivery import oauth
from invoicebatch.delivery.channel import TemporaryError
from invoicebatch.delivery.http import call
from invoicebatch.delivery.oauth import ClientCredentials
from invoicebatch.errors import SettingsError
from tests.delivery.webserver import web_service
from tests.waiting import LIMIT


class TokenServer:
    """Gives numbered tokens; `/deed` takes the last one only."""

    def __init__(self):
        self.given = 0
        self.more = {}
        self.deeds = []
        self.broken = None

    def __call__(self, request):
        if request.path == "/token":
            if self.broken:
                return self.broken
            self.form = {name: value for name, (value,) in parse_qs(request.body.decode()).items()}
            self.given += 1
            return 200, {"access_token": f"T{self.given}", **self.more}
        good = request.headers["Authorization"] == f"Bearer T{self.given}"
        if good:
            self.deeds.append(request.body)
        return (200 if good else 401), b""


@pytest.fixture
def server():
    server = TokenServer()
    with web_service(server) as service:
        server.url = service.url
        yield server


@pytest.fixture
def client():
    with httpx.Client(timeout=LIMIT) as client:
        yield client


@pytest.fixture
def login(server, client, monkeypatch):
    monkeypatch.setenv("THE_ID", "me")
    monkeypatch.setenv("THE_SECRET", "s3cret")
    return ClientCredentials(client, f"{server.url}/token", "letter", "Printer", ("THE_ID", "THE_SECRET"))


def do(client, server, login, repeatable=False):
    return call(client, "POST", f"{server.url}/deed", repeatable=repeatable, auth=login, content=b"one")


def test_a_token_is_asked_once_and_kept(server, client, login):
    assert [do(client, server, login).status_code for _ in range(3)] == [200, 200, 200]
    assert server.given == 1
    assert server.form == {
        "grant_type": "client_credentials", "client_id": "me", "client_secret": "s3cret", "scope": "letter",
    }  # fmt: skip


def test_a_refused_token_is_renewed_once_and_the_deed_is_done_once(server, client, login):
    do(client, server, login)
    server.given += 1  # the server forgot the token
    assert do(client, server, login).status_code == 200
    assert server.deeds == [b"one", b"one"]
    assert login.token() == "T3"


def test_a_token_that_is_refused_again_is_an_answer(server, client, login, monkeypatch):
    monkeypatch.setattr(server, "more", {"access_token": "never right"})
    assert do(client, server, login).status_code == 401
    assert server.given == 2


def test_an_expired_token_is_renewed_before_it_is_refused(server, client, login, monkeypatch):
    server.more = {"expires_in": 100}
    clock = [1000.0]
    monkeypatch.setattr(oauth, "monotonic", lambda: clock[0])
    assert login.token() == "T1"
    clock[0] += 89
    assert login.token() == "T1"
    clock[0] += 2
    assert login.token() == "T2"


def test_threads_share_one_token(server, client, login):
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: do(client, server, login).status_code, range(16)))
    assert answers == [200] * 16
    assert server.given == 1


@pytest.mark.parametrize("repeatable", [True, False])
def test_a_token_server_that_is_away_leaves_no_doubt(server, client, login, repeatable):
    for broken in ((503, b""), (429, b"")):
        server.broken = broken
        with pytest.raises(TemporaryError):
            do(client, server, login, repeatable)
    assert server.deeds == []


def test_a_refused_or_missing_secret_is_a_setting_to_correct(server, client, login, monkeypatch):
    server.broken = (401, {"error": "invalid_client"})
    with pytest.raises(SettingsError, match="Printer refused the login: 401"):
        do(client, server, login)
    monkeypatch.delenv("THE_SECRET")
    with pytest.raises(SettingsError, match="Printer client secret"):
        do(client, server, login)
