"""Calls told apart: not handed over, answered, or in doubt."""

import socket

import httpx
import pytest

from invoicebatch.delivery.channel import InDoubtError, TemporaryError
from invoicebatch.delivery.http import call
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
