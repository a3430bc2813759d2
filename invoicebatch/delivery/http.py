"""HTTP calls whose outcome is told apart: not handed over, answered, or in doubt."""

from typing import Any

import httpx

from invoicebatch.delivery.channel import InDoubtError, TemporaryError
from invoicebatch.errors import SettingsError

_TOO_MANY = 429


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
        InDoubtError: the connection was lost after the call went out, and it is not repeatable.
    """
    where = parsed(url).host
    try:
        response = client.request(method, url, **options)
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
    return min(float(value), 3600.0) if value.isdigit() else None


def words(response: httpx.Response) -> str:
    """Status and the first words of an answer."""
    return f"{response.status_code} {' '.join(response.text.split())}"[:300]
