"""A token by OAuth 2 client credentials (RFC 6749, 4.4): kept until it expires, asked anew once it is refused.

Pass a `ClientCredentials` as `auth` of a call; threads share it.
"""

from collections.abc import Generator
from dataclasses import dataclass, field
from threading import Lock
from time import monotonic

import httpx

from invoicebatch.delivery.http import call, words
from invoicebatch.delivery.secrets import secret
from invoicebatch.errors import SettingsError

_USED_SHARE = 0.9
"""Of its lifetime, so that a token does not expire on its way."""


@dataclass(eq=False)
class ClientCredentials(httpx.Auth):
    """The login of one client at one token server.

    Attributes:
        client: an open client.
        url: where tokens are given.
        scope: what the token is for.
        name: whose server it is, said in errors.
        variables: environment variables of client id and client secret.
    """

    client: httpx.Client
    url: str
    scope: str
    name: str
    variables: tuple[str, str]
    _token: str = field(default="", init=False)
    _expires: float = field(default=0.0, init=False)
    _lock: Lock = field(default_factory=Lock, init=False)

    def token(self, refused: str = "") -> str:
        """The token, a new one where it has expired or is the refused one.

        Raises:
            SettingsError: the client id or secret is missing or refused.
            TemporaryError: the token server can't be reached.
        """
        with self._lock:
            if not self._token or self._token == refused or monotonic() >= self._expires:
                self._token = ""
                self._request()
            return self._token

    def _request(self) -> None:
        client_id, client_secret = self.variables
        form = {
            "grant_type": "client_credentials",
            "client_id": secret(client_id, f"{self.name} client id"),
            "client_secret": secret(client_secret, f"{self.name} client secret"),
            "scope": self.scope,
        }
        began = monotonic()
        response = call(self.client, "POST", self.url, repeatable=True, data=form)
        if response.is_error:
            raise SettingsError(
                f"{self.name} refused the login: {words(response)}", "Correct its client id and secret."
            )
        answer = response.json()
        self._token = str(answer["access_token"])
        self._expires = began + _USED_SHARE * float(answer.get("expires_in") or "inf")

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """The request with the token; refused, it goes once more with a new one."""
        token = self.token()
        request.headers["Authorization"] = f"Bearer {token}"
        response = yield request
        if response.status_code == httpx.codes.UNAUTHORIZED:
            request.headers["Authorization"] = f"Bearer {self.token(refused=token)}"
            yield request
