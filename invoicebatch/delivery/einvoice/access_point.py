"""A hosted Peppol access point by REST, in the shape of Storecove's API v2.

Every submission carries the message id as idempotency key, so handing it over again can't send it
twice: a second submission is refused as a duplicate, which tells that the first one arrived.
"""

import base64
import json
import time
from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from typing import Any, Final

import httpx

from invoicebatch.delivery.channel import Answer, ChannelDefaults, Message, TemporaryError
from invoicebatch.delivery.einvoice.schemes import scheme_name
from invoicebatch.delivery.http import call, open_client, words
from invoicebatch.delivery.secrets import secret
from invoicebatch.errors import SettingsError
from invoicebatch.files.names import safe_name
from invoicebatch.files.whole import remove, write_whole
from invoicebatch.model.outbox.payload import EInvoicePayload
from invoicebatch.model.status import OutboxStatus
from invoicebatch.settings import EInvoice

MOST_NEWS: Final = 10_000
"""Most webhook instances read in one poll."""

KEPT_SECONDS: Final = 30 * 24 * 3600
"""How long news about no message of ours is kept."""

_ARRIVED: Final = frozenset({"succeeded", "success", "sent", "delivered", "accepted"})
_REFUSED: Final = frozenset({"failed", "error", "rejected", "undeliverable"})
_TAKES: Final = "OK"


class AccessPoint(ChannelDefaults):
    """Submissions to one access point."""

    name = "einvoice"

    def __init__(self, settings: EInvoice, news: Path) -> None:
        """An access point.

        Args:
            settings: address, key and legal entities.
            news: folder that what it has to tell is kept in.
        """
        self._settings = settings
        self._news = news
        self._client = open_client(
            settings.timeout_seconds, "einvoice", allow_insecure=settings.allow_insecure
        )
        self._key = ""
        self._takes: dict[tuple[str, str], str] = {}
        self._lock = Lock()

    def hand_over(self, message: Message) -> Answer:
        """Look the receiver up, then submit the document.

        Raises:
            TemporaryError: the access point is busy or away; safe to try again.
            SettingsError: no key, the key is refused, or the account has no legal entity.
        """
        payload = message.payload_as(EInvoicePayload)
        scheme, identifier = scheme_name(payload.scheme), payload.identifier
        if self._settings.look_up and (reason := self._look_up(scheme, identifier)):
            return Answer(OutboxStatus.FAILED, reason)
        body = {
            "legalEntityId": self._legal_entity(payload.account),
            "idempotencyGuid": message.message_id,
            "routing": {"eIdentifiers": [{"scheme": scheme, "id": identifier}]},
            "document": {
                "documentType": "invoice",
                "rawDocumentData": {
                    "document": base64.b64encode(message.attachments[0].read_bytes()).decode(),
                    "parseStrategy": "ubl",
                },
            },
        }
        return _submitted(self._request("POST", "/document_submissions", json=body), message.message_id)

    def recover(self, message: Message) -> Answer:  # noqa: ARG002
        """The idempotency key makes handing over again safe."""
        return Answer(
            OutboxStatus.PENDING, "interrupted; handed over again under the same key", retry_after=0.0
        )

    def poll(self, messages: Mapping[str, str]) -> Mapping[str, Answer]:
        """Fetch what the access point has to tell, and answer for the given messages.

        News is kept in a folder before it is removed at the access point, so a crash loses none. All
        news of the key is fetched: give every workspace a key of its own.
        """
        mine = {reference: message_id for message_id, reference in messages.items()}
        self._fetch_news()
        answers: dict[str, Answer] = {}
        for file in sorted(self._news.glob("*.json"), key=lambda path: path.stat().st_mtime):
            event = event_in(file.read_bytes())
            for reference in references_of(event) & mine.keys():
                if (answer := answer_of(event, reference)) is not None:
                    answers[mine[reference]] = answer
            if not references_of(event) & mine.keys() and _age(file) > KEPT_SECONDS:
                remove(file)
        return answers

    def _fetch_news(self) -> None:
        for _ in range(MOST_NEWS):
            response = self._request("GET", "/webhook_instances/")
            if response.status_code == httpx.codes.NO_CONTENT or response.is_error:
                return
            news = response.json()
            guid = str(news.get("guid", ""))
            body = json.dumps(event_in(response.content), ensure_ascii=False)
            write_whole(self._news / f"{safe_name(guid)}.json", body, on_clash="replace")
            if self._request("DELETE", f"/webhook_instances/{guid}").is_error:
                return

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _legal_entity(self, account: str) -> int:
        entity = self._settings.legal_entities.get(account)
        if entity is None:
            raise SettingsError(
                f"Company account {account} has no legal entity at the access point.",
                f"Set [einvoice.legal_entities] {account} = its id.",
            )
        return entity

    def why_not(self, scheme: str, identifier: str) -> str | None:
        """Why a receiver (by its EAS code) takes no invoices; empty: it takes them; None: it could not be asked.

        Raises:
            TemporaryError: the access point is busy or away.
            SettingsError: no key, or the key is refused.
        """
        named = scheme_name(scheme)
        reason = self._look_up(named, identifier)
        return None if reason and (named, identifier) not in self._takes else reason

    def _look_up(self, scheme: str, identifier: str) -> str:
        """Why the receiver takes no documents; empty: it does. Asked once a receiver."""
        key = (scheme, identifier)
        if key not in self._takes:
            body = {
                "documentTypes": ["invoice"],
                "network": "peppol",
                "metaScheme": "iso6523-actorid-upis",
                "scheme": scheme,
                "identifier": identifier,
            }
            response = self._request("POST", "/discovery/receives", json=body)
            if response.is_error:
                return f"the access point could not look {scheme}:{identifier} up: {words(response)}"
            takes = str(response.json().get("code", "")) == _TAKES
            self._takes[key] = "" if takes else f"{scheme}:{identifier} takes no invoices through Peppol"
        return self._takes[key]

    def _request(self, method: str, path: str, **options: Any) -> httpx.Response:
        with self._lock:
            if not self._key:
                settings = self._settings
                self._key = secret(
                    settings.api_key_env, "key of the access point", settings.keyring, "access-point"
                )
        headers = {"Authorization": f"Bearer {self._key}", "Accept": "application/json"}
        url = self._settings.api_url.rstrip("/") + path
        response = call(self._client, method, url, repeatable=True, headers=headers, **options)
        if response.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            raise SettingsError(
                f"The access point refused the key: {words(response)}",
                f"Correct {self._settings.api_key_env}, then send again.",
            )
        return response


def _submitted(response: httpx.Response, message_id: str) -> Answer:
    if response.is_success:
        guid = str(response.json().get("guid", ""))
        return Answer(OutboxStatus.ACCEPTED, f"submission {guid}", reference=guid)
    if response.status_code == httpx.codes.CONFLICT or _is_duplicate(response):
        text = "the access point has it already, from an earlier attempt"
        return Answer(OutboxStatus.ACCEPTED, text, reference=_known_guid(response) or message_id)
    if response.status_code == httpx.codes.REQUEST_TIMEOUT:
        raise TemporaryError(f"The access point took too long: {words(response)}")
    return Answer(OutboxStatus.FAILED, f"the access point refused it: {_errors(response)}")


def _is_duplicate(response: httpx.Response) -> bool:
    """A refusal because of the idempotency key, and of nothing else."""
    sources = _error_list(response)
    return bool(sources) and all("idempotency" in json.dumps(error).lower() for error in sources)


def _known_guid(response: httpx.Response) -> str:
    try:
        return str(response.json().get("guid", ""))
    except (ValueError, AttributeError):
        return ""


def _error_list(response: httpx.Response) -> list[Any]:
    try:
        body = response.json()
    except ValueError:
        return []
    errors = body.get("errors", []) if isinstance(body, dict) else body
    return errors if isinstance(errors, list) else [errors]


def _errors(response: httpx.Response) -> str:
    parts = [
        " ".join(str(error.get(key, "")) for key in ("source", "details") if error.get(key))
        if isinstance(error, dict)
        else str(error)
        for error in _error_list(response)
    ]
    return "; ".join(filter(None, parts))[:300] or words(response)


def _age(file: Path) -> float:
    return time.time() - file.stat().st_mtime


def event_in(data: bytes) -> dict[str, Any]:
    """The event in a webhook instance, whose body is JSON in a string, or the event itself; none in anything else."""
    try:
        found = json.loads(data)
        body = found.get("body", found) if isinstance(found, dict) else {}
        body = json.loads(body) if isinstance(body, str) else body
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def references_of(event: Mapping[str, Any]) -> set[str]:
    """Submission ids an event is about: ours, or our idempotency key."""
    keys = ("document_submission_guid", "guid", "idempotency_guid", "idempotencyGuid")
    return {str(event[key]) for key in keys if event.get(key)}


def answer_of(event: Mapping[str, Any], reference: str) -> Answer | None:
    """What an event says of the submission with that reference; None: nothing of its delivery."""
    state = str(event.get("event") or event.get("status") or "").lower()
    text = " ".join(str(event[key]) for key in ("details", "error", "reason") if event.get(key))
    if state in _ARRIVED:
        return Answer(OutboxStatus.SENT, f"Peppol: {state}", reference=reference)
    if state in _REFUSED:
        return Answer(OutboxStatus.FAILED, f"Peppol: {state}. {text}".strip()[:300], reference=reference)
    return None
