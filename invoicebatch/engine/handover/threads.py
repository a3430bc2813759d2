"""The hands of the deliver loop: threads that note a message as begun, hand it over and keep the answer.

Nothing here writes to the journal.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from threading import Event
from typing import Any, Self

from invoicebatch.delivery.channel import Answer, Channel, InDoubtError, Message, TemporaryError
from invoicebatch.engine.base.faultpoints import reach
from invoicebatch.errors import InvoicebatchError
from invoicebatch.files.handover import HandoverLog
from invoicebatch.model.status import OutboxStatus


@dataclass(frozen=True, slots=True)
class Result:
    """A message, what became of it, and the attempts it took so far."""

    message: Message
    answer: Answer
    attempts: int

    @property
    def message_id(self) -> str:
        """Id of the message."""
        return self.message.message_id

    def by_document(self) -> "list[Result]":
        """The same once for each document that the message carries: what becomes of it becomes of them."""
        if not self.message.also:
            return [self]
        ids = (self.message.invoice_id, *self.message.also)
        return [replace(self, message=replace(self.message, invoice_id=each, also=())) for each in ids]

    def with_answer(self, answer: Answer) -> "Result":
        """The same with another answer."""
        return replace(self, answer=answer)

    def judged_by(self, begun: Mapping[str, Mapping[str, Any] | None] | None) -> "Result":
        """This failure where the log shows that the message was not begun, else its answer or doubt."""
        if begun is not None and self.message_id not in begun:
            return self
        noted = begun[self.message_id] if begun else None
        doubt = Answer(
            OutboxStatus.IN_DOUBT, "interrupted during the hand-over; nobody can tell whether it arrived"
        )
        return self.with_answer(self.answer_from(noted) if noted else doubt)

    def noted(self) -> dict[str, Any]:
        """The answer as the hand-over log keeps it."""
        return {
            "status": self.answer.status.value,
            "text": self.answer.text,
            "reference": self.answer.reference,
        }

    @staticmethod
    def answer_from(noted: Mapping[str, Any]) -> Answer:
        """The answer that `noted` wrote."""
        return Answer(OutboxStatus(noted["status"]), noted["text"], reference=noted["reference"])


class HandoverThreads:
    """As many threads as the channel takes; a context, closed with it."""

    def __init__(self, channel: Channel, log: HandoverLog, cancel: Event) -> None:
        self._channel = channel
        self._log = log
        self._cancel = cancel
        self._stop = Event()
        self._pool = ThreadPoolExecutor(channel.parallel, thread_name_prefix="deliver")
        self._done: dict[str, Result] = {}
        self._futures: list[Future[None]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def give(self, messages: Sequence[Message], attempts: Mapping[str, int]) -> list[Result]:
        """Hand messages over; one result each, in order.

        Args:
            messages: marked messages.
            attempts: attempts so far by message id.

        Raises:
            StorageError: the hand-over log can't be written; the message at hand did not go out.
        """
        self._done = {}
        if self._channel.bulk > 1:
            self._futures = [self._pool.submit(self._many, messages, attempts)] if messages else []
        else:
            self._futures = [self._pool.submit(self._one, message, attempts) for message in messages]
        for future in self._futures:
            future.result()
        return self._collected(messages, attempts)

    def abandoned(self, messages: Sequence[Message], attempts: Mapping[str, int]) -> list[Result]:
        """After an error or an interruption: let begun messages end; the rest were not begun."""
        self._stop.set()
        for future in self._futures:
            if not future.cancel():
                future.exception()
        return self._collected(messages, attempts)

    def _collected(self, messages: Sequence[Message], attempts: Mapping[str, int]) -> list[Result]:
        idle = Answer(OutboxStatus.PENDING, "not begun", retry_after=0.0)
        return [
            self._done.get(message.message_id) or Result(message, idle, attempts[message.message_id])
            for message in messages
        ]

    @property
    def _stopped(self) -> bool:
        return self._cancel.is_set() or self._stop.is_set()

    def _one(self, message: Message, attempts: Mapping[str, int]) -> None:
        if self._stopped or self._cancel.wait(self._channel.pause(message)):
            return
        self._log.started([message.message_id])
        reach("deliver.begun")
        answer = answered(lambda: self._channel.hand_over(message))
        reach("deliver.answered")
        result = Result(message, answer, attempts[message.message_id] + 1)
        self._done[message.message_id] = result
        self._log.finished(message.message_id, result.noted())

    def _many(self, messages: Sequence[Message], attempts: Mapping[str, int]) -> None:
        if self._stopped:
            return
        self._log.started([message.message_id for message in messages])
        reach("deliver.begun")
        answers: dict[str, Answer] = {}

        def call() -> Answer:
            answers.update(self._channel.hand_over_many(messages))
            return Answer(OutboxStatus.IN_DOUBT, "the channel gave no answer for it")

        common = answered(call)
        reach("deliver.answered")
        for message in messages:
            answer = answers.get(message.message_id, common)
            result = Result(message, answer, attempts[message.message_id] + 1)
            self._done[message.message_id] = result
            self._log.finished(message.message_id, result.noted())


def answered(call: Any) -> Answer:
    """A call's answer; every error becomes the answer it means, an unforeseen one means doubt."""
    try:
        answer: Answer = call()
    except TemporaryError as error:
        return Answer(OutboxStatus.PENDING, error.message, error.retry_after)
    except InDoubtError as error:
        return Answer(OutboxStatus.IN_DOUBT, f"{error.message} {error.hint}".strip())
    except InvoicebatchError as error:
        return Answer(OutboxStatus.FAILED, f"{error.message} {error.hint}".strip())
    except Exception as error:  # noqa: BLE001 - whatever it was, the message may have gone out
        return Answer(
            OutboxStatus.IN_DOUBT, f"unexpected {type(error).__name__} during the hand-over: {error}"
        )
    return answer
