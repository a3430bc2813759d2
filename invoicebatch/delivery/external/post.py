"""An HTTP endpoint: one POST an invoice, with an idempotency key and, where a key is set, a signature.

`X-Invoicebatch-Signature: t=<unix seconds>,v1=<hex HMAC-SHA256 of "<t>.<body>">` lets the other side
check who sent what and when.
"""

import hashlib
import hmac
import json
import time
from typing import Final

from invoicebatch.delivery.channel import Answer, ChannelDefaults, Message, TemporaryError
from invoicebatch.delivery.external.address import address
from invoicebatch.delivery.http import call, open_client, parsed, words
from invoicebatch.delivery.secrets import secret
from invoicebatch.delivery.secure import is_loopback
from invoicebatch.errors import SettingsError
from invoicebatch.model.outbox.payload import ExternalPayload
from invoicebatch.model.status import OutboxStatus
from invoicebatch.settings import External

SIGNATURE: Final = "X-Invoicebatch-Signature"
_BUSY: Final = frozenset({408, 409, 425})


class HttpChannel(ChannelDefaults):
    """One endpoint."""

    name = "external"

    def __init__(self, system: External) -> None:
        self.parallel = system.connections
        self.attempts = system.attempts
        self.wait_seconds = system.wait_seconds
        self._system = system
        self._client = open_client(system.timeout_seconds, "external")
        self._url = ""
        self._secret = b""

    def connect(self) -> None:
        """Read address and secrets.

        Raises:
            SettingsError: one is missing, or the address is not https (http only to this machine).
        """
        self._url = address(self._system)
        url = parsed(self._url)
        if url.scheme != "https" and not (url.scheme == "http" and is_loopback(url.host)):
            raise SettingsError("The address of an http target must be https.", "Correct its url.")
        if self._system.secret_env:
            self._secret = secret(self._system.secret_env, "HMAC key").encode()
        if self._system.token_env:
            token = secret(self._system.token_env, "bearer token")
            self._client.headers["Authorization"] = f"Bearer {token}"

    def hand_over(self, message: Message) -> Answer:
        """POST one record; the idempotency key makes a retry safe."""
        body, kind = self._body(message)
        headers = {"Content-Type": kind, "Idempotency-Key": message.message_id}
        if self._secret:
            headers[SIGNATURE] = signature(self._secret, body, int(time.time()))
        response = call(self._client, "POST", self._url, repeatable=True, content=body, headers=headers)
        if response.is_success:
            return Answer(OutboxStatus.SENT, words(response))
        if response.status_code in _BUSY:
            raise TemporaryError(f"the other side is busy: {words(response)}")
        return Answer(OutboxStatus.FAILED, f"refused: {words(response)}")

    def _body(self, message: Message) -> tuple[bytes, str]:
        if self._system.body == "ubl":
            return message.attachments[0].read_bytes(), "application/xml"
        return json.dumps(
            message.payload_as(ExternalPayload).record, ensure_ascii=False
        ).encode(), "application/json"

    def recover(self, message: Message) -> Answer:  # noqa: ARG002
        """The idempotency key makes handing over again safe."""
        return Answer(OutboxStatus.PENDING, "interrupted; sent again under the same key", retry_after=0.0)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


def signature(key: bytes, body: bytes, moment: int) -> str:
    """The signature header of a body.

    >>> signature(b"key", b"{}", 0)[:8]
    't=0,v1=7'
    """
    digest = hmac.new(key, str(moment).encode() + b"." + body, hashlib.sha256).hexdigest()
    return f"t={moment},v1={digest}"
