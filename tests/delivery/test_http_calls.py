"""Calls told apart: not handed over, answered, or in doubt."""

import gzip
import socket

import httpx
import pytest

from invoicebatch.delivery.channel import InDoubtError, TemporaryError
from invoicebatch.delivery.http import LARGEST_ANSWER, call, open_client
from invoicebatch.errors import SettingsError
from tests.delivery.webserver import web_service
from tests.waiting import LIMIT


def test_an_answer_that_does_not_come_is_a_doubt_unless_the_call_may_be_made_again():
    """The request is with the other side, so only a short wait for its answer can end."""
    client = httpx.Client(timeout=httpx.Timeout(LIMIT, read=0.2))
    with client, socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(InDoubtError, match="after the message went out"):
            call(client, "POST", url, repeatable=False, content=b"one")
        with pytest.raises(TemporaryError):
            call(client, "POST", url, repeatable=True, content=b"one")


def test_keys_and_documents_leave_this_machine_encrypted_unless_a_setting_allows_it():
    with open_client(LIMIT, "einvoice") as client, pytest.raises(SettingsError) as refused:
        call(client, "POST", "http://access-point.invalid/submit", repeatable=True, content=b"one")
    assert "access-point.invalid over a connection that is not encrypted" in refused.value.message
    assert "[einvoice] allow_insecure" in refused.value.hint
    with open_client(LIMIT, "einvoice", allow_insecure=True) as client, pytest.raises(TemporaryError):
        call(client, "POST", "http://access-point.invalid/submit", repeatable=True, content=b"one")
    with web_service(lambda _: (200, b"taken")) as here, open_client(LIMIT, "einvoice") as client:
        assert call(client, "POST", here.url, repeatable=True).text == "taken"


def test_an_answer_is_read_to_a_bound_also_where_it_is_packed():
    packed = gzip.compress(bytes(3 * LARGEST_ANSWER))
    with (
        web_service(lambda _: (200, packed, {"Content-Encoding": "gzip"})) as here,
        open_client(LIMIT, "post") as client,
    ):
        with pytest.raises(TemporaryError, match="longer than 10 MB"):
            call(client, "GET", here.url, repeatable=True)
        with pytest.raises(InDoubtError, match="longer than 10 MB"):
            call(client, "POST", here.url, repeatable=False)
        here.answer = lambda _: (200, gzip.compress(b'{"fine": 1}'), {"Content-Encoding": "gzip"})
        assert call(client, "GET", here.url, repeatable=True).json() == {"fine": 1}
