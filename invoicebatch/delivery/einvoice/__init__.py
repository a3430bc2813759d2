"""Electronic invoices to their networks: Peppol by an access point or a folder, Chorus Pro by PISTE.

A message names its network; this channel passes it on and remembers nothing.
"""

from collections.abc import Mapping
from pathlib import Path

from invoicebatch.delivery.channel import Answer, Channel, ChannelDefaults, Message
from invoicebatch.delivery.einvoice.access_point import AccessPoint
from invoicebatch.delivery.einvoice.chorus_pro import ChorusPro
from invoicebatch.delivery.einvoice.folder import DocumentFolder
from invoicebatch.delivery.pace import Pace
from invoicebatch.model.outbox.payload import CHORUS_PRO, PEPPOL, EInvoicePayload
from invoicebatch.settings import EInvoice


class EInvoiceChannel(ChannelDefaults):
    """The channel `einvoice`; networks are connected when the first message for them comes."""

    name = "einvoice"

    def __init__(self, settings: EInvoice, data: Path) -> None:
        self.parallel = settings.connections
        self.attempts = settings.attempts
        self.wait_seconds = settings.wait_seconds
        self._pace = Pace(settings.per_minute)
        self._networks: dict[str, Channel] = {
            PEPPOL: AccessPoint(settings, data / "einvoice-news")
            if settings.access_point == "api"
            else DocumentFolder(data / settings.folder),
            CHORUS_PRO: ChorusPro(settings),
        }

    def hand_over(self, message: Message) -> Answer:
        """By the network the message names; see `Channel.hand_over`."""
        network = message.payload_as(EInvoicePayload).network
        answer = self._networks[network].hand_over(message)
        if answer.reference is None:
            return answer
        return Answer(answer.status, answer.text, answer.retry_after, f"{network}:{answer.reference}")

    def pause(self, message: Message) -> float:
        """The network's rate."""
        return self._pace.wait(message.payload_as(EInvoicePayload).network)

    def recover(self, message: Message) -> Answer | None:
        """What the network shows of a message that was cut off."""
        return self._networks[message.payload_as(EInvoicePayload).network].recover(message)

    def poll(self, messages: Mapping[str, str]) -> Mapping[str, Answer]:
        """Ask each network for its own messages."""
        answers: dict[str, Answer] = {}
        for network, channel in self._networks.items():
            mine = {
                message_id: reference.partition(":")[2]
                for message_id, reference in messages.items()
                if reference.startswith(f"{network}:")
            }
            if mine:
                answers |= {
                    message_id: Answer(
                        answer.status, answer.text, answer.retry_after, f"{network}:{mine[message_id]}"
                    )
                    for message_id, answer in channel.poll(mine).items()
                }
        return answers

    def close(self) -> None:
        """Close every network's connections."""
        for channel in self._networks.values():
            channel.close()


__all__ = ["EInvoiceChannel"]
