"""What every way out of the house has in common: a message, an answer, and the errors of doubt.

A channel never writes to the journal; the engine's deliver loop does, before and after each call.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from invoicebatch.errors import InvoicebatchError
from invoicebatch.model.outbox.payload import P, Payload
from invoicebatch.model.status import OutboxStatus


@dataclass(frozen=True, slots=True)
class Message:
    """One row of the outbox, ready to be handed over.

    Attributes:
        message_id: stable id; the same on every attempt, so the other side can tell a repeat.
        recipient: mail address, participant or target.
        payload: the outbox row's payload, of the channel's kind.
        attachments: stored documents, their bytes checked against their hashes.
        run_id: the run that prepared it.
        invoice_id: the document, where it is about one; the first, where it carries several.
        also: the further documents it carries.
        channel: name of the channel it takes.
    """

    message_id: str
    recipient: str
    payload: Payload = field(default_factory=Payload)
    attachments: Sequence[Path] = ()
    run_id: str = ""
    invoice_id: int | None = None
    also: tuple[int, ...] = ()
    channel: str = ""

    def payload_as(self, kind: type[P]) -> P:
        """The payload, known to be of this kind.

        Raises:
            TypeError: the message is for another channel.
        """
        if not isinstance(self.payload, kind):
            raise TypeError(f"message {self.message_id} is not for the channel {kind.channel}")
        return self.payload

    def attached(self, files: Sequence[Path]) -> "Message":
        """The same message with its documents."""
        return replace(self, attachments=tuple(files))


@dataclass(frozen=True, slots=True)
class Answer:
    """What the other side said.

    Attributes:
        status: SENT or FAILED are final; ACCEPTED means that the network took the message and
            will say later what became of it; PENDING means that nothing was taken and the message
            may be handed over again.
        text: the answer in plain words, kept in the journal.
        retry_after: seconds to wait before the next attempt, where the other side asked for it.
        reference: the other side's id of the message, needed to ask for its state.
    """

    status: OutboxStatus
    text: str = ""
    retry_after: float | None = None
    reference: str | None = None


class TemporaryError(InvoicebatchError):
    """Nothing was handed over; the same message may be tried again.

    Attributes:
        retry_after: seconds to wait, where the other side asked for it.
    """

    def __init__(self, message: str, hint: str = "", retry_after: float | None = None) -> None:
        super().__init__(message, hint)
        self.retry_after = retry_after


class InDoubtError(InvoicebatchError):
    """The hand-over began and its outcome is not known; a person decides what to do."""


class Channel(Protocol):
    """A way out of the house: mail server, print service, e-invoice network, external system.

    `ChannelDefaults` has what most channels leave as it is, and says what the rest means.
    """

    name: str
    parallel: int
    bulk: int
    attempts: int
    wait_seconds: float

    def connect(self) -> None:
        """Make ready: log in, fetch a token, check the folder.

        Raises:
            TemporaryError: the other side can't be reached now.
            SettingsError: a setting or secret is missing or refused.
        """

    def hand_over(self, message: Message) -> Answer:
        """Hand one message over.

        Raises:
            TemporaryError: nothing was handed over, safe to try again.
            InDoubtError: the hand-over began and its outcome is not known.
        """

    def hand_over_many(self, messages: Sequence[Message]) -> Mapping[str, Answer]:
        """See `ChannelDefaults.hand_over_many`."""

    def pause(self, message: Message) -> float:
        """See `ChannelDefaults.pause`."""

    def recover(self, message: Message) -> Answer | None:
        """See `ChannelDefaults.recover`."""

    def poll(self, messages: Mapping[str, str]) -> Mapping[str, Answer]:
        """Ask what became of accepted messages.

        Args:
            messages: the other side's reference by message id.

        Returns:
            Answers by message id; a message without news is left out.
        """

    def close(self) -> None:
        """Let go of connections; safe to call twice."""


class ChannelDefaults:
    """What most channels have in common; the deliver loop asks every channel for these.

    Attributes:
        parallel: threads that may call `hand_over` at the same time.
        bulk: messages that `hand_over_many` takes at once; 1: `hand_over` is used.
        attempts: attempts a message within one delivery.
        wait_seconds: wait before the second attempt, doubled each time.
    """

    parallel: int = 1
    bulk: int = 1
    attempts: int = 3
    wait_seconds: float = 2.0

    def connect(self) -> None:
        """Nothing to make ready."""

    def hand_over_many(self, messages: Sequence[Message]) -> Mapping[str, Answer]:
        """Hand several messages over at once: an answer for each, by message id.

        Raises:
            TemporaryError: none of them was handed over.
            InDoubtError: what became of any of them is not known.
        """
        raise NotImplementedError

    def pause(self, message: Message) -> float:  # noqa: ARG002
        """Seconds to wait before this message may be handed over; a place in the rate is taken."""
        return 0.0

    def recover(self, message: Message) -> Answer | None:  # noqa: ARG002
        """What became of a message whose hand-over was cut off by a crash.

        Returns:
            SENT or FAILED where the other side shows it, PENDING where handing it over again can't
            double it, None where nobody can tell.
        """
        return None

    def poll(self, messages: Mapping[str, str]) -> Mapping[str, Answer]:  # noqa: ARG002
        """No news."""
        return {}

    def close(self) -> None:
        """Nothing to let go of."""
