"""Pingen's API: a token, an upload address, the PDF, the letter; then asking what became of it.

Source: Pingen API v2. Each letter carries an idempotency key, so creating it again makes no second one.
"""

from collections.abc import Mapping
from typing import Any, Final

import httpx

from invoicebatch.delivery.channel import Answer, ChannelDefaults, Message, TemporaryError
from invoicebatch.delivery.http import call, open_client, words
from invoicebatch.delivery.oauth import ClientCredentials
from invoicebatch.errors import SettingsError
from invoicebatch.model.outbox.payload import PostPayload
from invoicebatch.model.status import OutboxStatus
from invoicebatch.settings import Post

_JSON_API: Final = "application/vnd.api+json"
_BUSY: Final = frozenset({409, 424})
_SENT: Final = frozenset({"sent", "delivered"})
_FAILED: Final = frozenset(
    {"invalid", "action_required", "unprintable", "undeliverable", "cancelled", "expired", "rejected"}
)


class PingenChannel(ChannelDefaults):
    """Letters through one Pingen organisation."""

    name = "post"
    parallel = 4
    attempts = 5
    wait_seconds = 2.0

    def __init__(self, post: Post) -> None:
        self._post = post
        self._client = open_client(post.timeout_seconds, "post", allow_insecure=post.allow_insecure)
        self._login = ClientCredentials(
            self._client, post.token_url, "letter", "Pingen", (post.client_id_env, post.client_secret_env)
        )

    def connect(self) -> None:
        """Fetch a token.

        Raises:
            SettingsError: no organisation, or the client id or secret is missing or refused.
            TemporaryError: Pingen can't be reached.
        """
        if not self._post.organisation:
            raise SettingsError("No Pingen organisation is set.", "Set [post] organisation.")
        self._login.token()

    def hand_over(self, message: Message) -> Answer:
        """Upload the document and create the letter; Pingen sends it once it has checked it."""
        place = self._request("GET", "/file-upload")
        if place.is_error:
            return Answer(OutboxStatus.FAILED, f"Pingen takes no upload: {_detail(place)}")
        upload = place.json()["data"]["attributes"]
        content = message.attachments[0].read_bytes()
        stored = call(self._client, "PUT", upload["url"], repeatable=True, content=content)
        if stored.is_error:
            raise TemporaryError(f"Pingen did not take the upload: {words(stored)}")
        body = {"data": {"type": "letters", "attributes": _attributes(message, upload)}}
        response = self._request(
            "POST",
            self._letters,
            json=body,
            headers={"Idempotency-Key": message.message_id, "Content-Type": _JSON_API},
        )
        if response.is_error:
            return Answer(OutboxStatus.FAILED, f"Pingen refused the letter: {_detail(response)}")
        letter = response.json()["data"]
        return Answer(OutboxStatus.ACCEPTED, f"letter {letter['id']} at Pingen", reference=str(letter["id"]))

    @property
    def _letters(self) -> str:
        return f"/organisations/{self._post.organisation}/deliveries/letters"

    def _request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """A call with the token."""
        headers = {"Accept": _JSON_API, **options.pop("headers", {})}
        url = self._post.api_url + path
        response = call(
            self._client, method, url, repeatable=True, auth=self._login, headers=headers, **options
        )
        if response.status_code == httpx.codes.UNAUTHORIZED:
            raise SettingsError(
                f"Pingen refused the token: {words(response)}", "Correct the client's rights at Pingen."
            )
        if response.status_code in _BUSY:
            raise TemporaryError(f"Pingen is busy: {words(response)}")
        return response

    def recover(self, message: Message) -> Answer:  # noqa: ARG002
        """The idempotency key makes handing over again safe."""
        return Answer(
            OutboxStatus.PENDING, "interrupted; handed over again under the same key", retry_after=0.0
        )

    def poll(self, messages: Mapping[str, str]) -> Mapping[str, Answer]:
        """Ask for each letter's state; one that can't be asked now is left out."""
        answers: dict[str, Answer] = {}
        for message_id, letter in messages.items():
            try:
                response = self._request("GET", f"{self._letters}/{letter}")
            except TemporaryError:
                break
            if response.is_success:
                state = str(response.json()["data"]["attributes"]["status"])
                if state in _SENT:
                    answers[message_id] = Answer(OutboxStatus.SENT, f"Pingen: {state}", reference=letter)
                elif state in _FAILED:
                    answers[message_id] = Answer(
                        OutboxStatus.FAILED,
                        f"Pingen: {state}; check the address and the document",
                        reference=letter,
                    )
        return answers

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


def _attributes(message: Message, upload: Mapping[str, Any]) -> dict[str, Any]:
    payload = message.payload_as(PostPayload)
    return {
        "file_original_name": payload.attachments[0].name,
        "file_url": upload["url"],
        "file_url_signature": upload["url_signature"],
        "address_position": payload.window,
        "auto_send": True,
        "delivery_product": payload.product,
        "print_mode": "duplex" if payload.duplex else "simplex",
        "print_spectrum": "color" if payload.color else "grayscale",
    }


def _detail(response: httpx.Response) -> str:
    try:
        errors = response.json()["errors"]
        return "; ".join(f"{e.get('title', '')} {e.get('detail', '')}".strip() for e in errors)[:300]
    except (ValueError, KeyError, TypeError, AttributeError):
        return words(response)
