"""Chorus Pro, the portal of the French public sector, by PISTE: deposit a flow, then ask what became of it.

A deposit has no idempotency key. A deposit whose answer was lost is therefore in doubt, and a person
looks into the portal; it is never made again by itself. HTTP 200 with codeRetour ≠ 0 is a refusal.
"""

import base64
from collections.abc import Mapping
from typing import Any, Final

import httpx

from invoicebatch.delivery.channel import Answer, ChannelDefaults, Message, TemporaryError
from invoicebatch.delivery.http import call, open_client, words
from invoicebatch.delivery.oauth import ClientCredentials
from invoicebatch.delivery.secrets import secret
from invoicebatch.errors import SettingsError
from invoicebatch.model.status import OutboxStatus
from invoicebatch.settings import EInvoice

SYNTAX: Final = {"application/xml": "IN_DP_E1_UBL_INVOICE", "application/pdf": "IN_DP_E2_CII_FACTURX"}
"""What is deposited, by media type: UBL, or a PDF with Factur-X data."""

_DEPOSIT: Final = "/cpro/factures/v1/deposer/flux"
_REPORT: Final = "/cpro/transverses/v1/consulterCRDetaille"
_ARRIVED: Final = "IN_INTEGRE"
_REFUSED: Final = frozenset({"IN_REJETE", "IN_INTEGRE_PARTIEL"})


class ChorusPro(ChannelDefaults):
    """Deposits by one technical account."""

    name = "einvoice"

    def __init__(self, settings: EInvoice) -> None:
        self._settings = settings
        self._client = open_client(
            settings.timeout_seconds, "einvoice", allow_insecure=settings.allow_insecure
        )
        variables = (settings.chorus_client_id_env, settings.chorus_client_secret_env)
        self._login = ClientCredentials(self._client, settings.chorus_token_url, "openid", "PISTE", variables)

    def hand_over(self, message: Message) -> Answer:
        """Deposit one document.

        Raises:
            TemporaryError: nothing was deposited; safe to try again.
            InDoubtError: the connection was lost after the deposit went out.
            SettingsError: an account or secret is missing or refused.
        """
        attachment = message.payload.attachments[0]
        body = {
            "fichierFlux": base64.b64encode(message.attachments[0].read_bytes()).decode(),
            "nomFichier": attachment.name,
            "syntaxeFlux": SYNTAX[attachment.type],
            "avecSignature": False,
        }
        response = self._request(_DEPOSIT, body, repeatable=False)
        if response.is_error:
            return Answer(OutboxStatus.FAILED, f"Chorus Pro refused it: {words(response)}")
        answer = response.json()
        if answer.get("codeRetour") != 0:
            text = f"Chorus Pro refused it: {answer.get('codeRetour')} {answer.get('libelle', '')}".strip()
            return Answer(OutboxStatus.FAILED, text)
        flow = str(answer["numeroFluxDepot"])
        return Answer(OutboxStatus.ACCEPTED, f"Chorus Pro flow {flow}", reference=flow)

    def poll(self, messages: Mapping[str, str]) -> Mapping[str, Answer]:
        """Ask for the report of each flow; one that can't be asked now, or is on its way, is left out."""
        answers: dict[str, Answer] = {}
        for message_id, flow in messages.items():
            try:
                response = self._request(_REPORT, {"numeroFluxDepot": flow}, repeatable=True)
            except TemporaryError:
                break
            if response.is_success and (answer := _answer(response.json(), flow)) is not None:
                answers[message_id] = answer
        return answers

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _request(self, path: str, body: Mapping[str, Any], *, repeatable: bool) -> httpx.Response:
        """A call with token and technical account."""
        settings = self._settings
        login = secret(settings.chorus_login_env, "Chorus Pro login")
        password = secret(settings.chorus_password_env, "Chorus Pro password")
        headers = {"cpro-account": base64.b64encode(f"{login}:{password}".encode()).decode()}
        url = settings.chorus_url.rstrip("/") + path
        response = call(
            self._client,
            "POST",
            url,
            repeatable=repeatable,
            auth=self._login,
            headers=headers,
            json=dict(body),
        )
        if response.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            raise SettingsError(
                f"Chorus Pro refused the account: {words(response)}",
                "Correct the technical account's login and password, and its rights at PISTE.",
            )
        return response


def _answer(report: Mapping[str, Any], flow: str) -> Answer | None:
    state = str(report.get("etatCourantDepotFlux", ""))
    if state == _ARRIVED:
        return Answer(OutboxStatus.SENT, f"Chorus Pro: flow {flow} was integrated", reference=flow)
    if state in _REFUSED:
        errors = report.get("listeErreurDP") or ()
        named = "; ".join(f"{e.get('numeroDP', '')}: {e.get('libelleErreurDP', '')}" for e in errors)
        return Answer(
            OutboxStatus.FAILED, f"Chorus Pro refused flow {flow} ({state}): {named}"[:400], reference=flow
        )
    return None
