"""HTTP calls whose outcome is told apart: not handed over, answered, or in doubt.

What goes out is a key or a customer's document, so it goes encrypted; what comes back is bounded in size and time.
"""

from time import monotonic
from typing import Any, Final

import httpx

from invoicebatch.delivery.channel import InDoubtError, TemporaryError
from invoicebatch.delivery.secure import refuse_in_the_clear
from invoicebatch.errors import SettingsError

LARGEST_ANSWER: Final = 10_000_000
"""Bytes of an answer, unpacked."""

_TOO_MANY: Final = 429
_PATIENCE: Final = 4
"""Times its timeout that an answer may take as a whole."""


def open_client(timeout_seconds: float, section: str, *, allow_insecure: bool = False) -> httpx.Client:
    """A client that sends nothing over plain http, but to this machine or where a setting allows it.

    Args:
        timeout_seconds: wait for each step of a call.
        section: section of the settings, said in the error.
        allow_insecure: what that section says.
    """

    def refuse(request: httpx.Request) -> None:
        if request.url.scheme != "https":
            what, fix = "A key or a document", "Set an address that begins with https"
            refuse_in_the_clear(what, request.url.host, section, fix, allowed=allow_insecure)

    return httpx.Client(timeout=timeout_seconds, event_hooks={"request": [refuse]})


def call(client: httpx.Client, method: str, url: str, *, repeatable: bool, **options: Any) -> httpx.Response:
    """Make one call; any answer below 500 other than 429 is returned.

    Args:
        client: an open client.
        method: HTTP method.
        url: address.
        repeatable: whether the call may be made again although it may have arrived (a read, or one
            with an idempotency key).
        **options: as `httpx.Client.request` takes.

    Raises:
        SettingsError: the address can't be used.
        TemporaryError: the other side is busy or away and the call may be made again.
        InDoubtError: the connection was lost after the call went out, or its answer has no end, and it
            is not repeatable.
    """
    where = parsed(url).host
    try:
        response = _bounded(client, method, url, **options)
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        raise TemporaryError(f"{where} can't be reached: {error}") from error
    except httpx.TransportError as error:
        if repeatable:
            raise TemporaryError(f"The connection to {where} was lost: {error}") from error
        raise InDoubtError(
            f"The connection to {where} was lost after the message went out: {error}",
            "Look at the other side whether it arrived, then: invoicebatch outbox resend or mark-sent.",
        ) from error
    if response.status_code == _TOO_MANY or (response.status_code >= 500 and repeatable):
        raise TemporaryError(f"{where} answered {words(response)}", retry_after=_retry_after(response))
    if response.status_code >= 500:
        raise InDoubtError(
            f"{where} answered {words(response)}", "Look at the other side whether it arrived."
        )
    return response


def _bounded(client: httpx.Client, method: str, url: str, **options: Any) -> httpx.Response:
    """The whole answer, up to `LARGEST_ANSWER` bytes and `_PATIENCE` timeouts."""
    end = monotonic() + _PATIENCE * (client.timeout.read or 60.0)
    auth = options.pop("auth", httpx.USE_CLIENT_DEFAULT)
    request = client.build_request(method, url, **options)
    response = client.send(request, auth=auth, stream=True)
    content = bytearray()
    try:
        for piece in response.iter_bytes():
            content += piece
            if len(content) > LARGEST_ANSWER:
                raise httpx.ReadError(f"its answer is longer than {LARGEST_ANSWER / 1e6:g} MB")
            if monotonic() > end:
                raise httpx.ReadTimeout("its answer did not end in time")
    finally:
        response.close()
    headers = [(name, value) for name, value in response.headers.multi_items() if name != "content-encoding"]
    return httpx.Response(
        response.status_code, headers=headers, content=bytes(content), request=response.request
    )


def parsed(url: str) -> httpx.URL:
    """An address in its parts; its own text may hold a password, so no message shows it.

    Raises:
        SettingsError: it is none, such as one with a port that is no number.
    """
    try:
        return httpx.URL(url)
    except httpx.InvalidURL as error:
        raise SettingsError(
            f"An address of the other side can't be used: {error}.",
            "Correct the url in invoicebatch.toml, or the variable that holds it.",
        ) from error


def _retry_after(response: httpx.Response) -> float | None:
    value = response.headers.get("Retry-After", "")
    return min(float(value), 3600.0) if value.isdecimal() else None


def words(response: httpx.Response) -> str:
    """Status and the first words of an answer."""
    return f"{response.status_code} {' '.join(response.text.split())}"[:300]
