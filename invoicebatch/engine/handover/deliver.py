"""Handing over the messages of a run, each at most once by itself.

Per message `pending → connecting → handing_over → sent | accepted | failed | in_doubt`: a group is
marked in one commit, the hand-over log tells after a crash which of it was begun, and one commit
settles it. A message that was begun and has no known end is in doubt until a person decides.
"""

import time
from collections.abc import Iterator, Sequence
from threading import Event

import pandas as pd

from invoicebatch.delivery.channel import Answer, Channel, Message, TemporaryError
from invoicebatch.delivery.open_channel import open_channel
from invoicebatch.engine.base import clock
from invoicebatch.engine.base.faultpoints import reach
from invoicebatch.engine.base.progress import Progress
from invoicebatch.engine.base.workspace_base import WorkspaceBase
from invoicebatch.engine.handover.messages import load_messages
from invoicebatch.engine.handover.outcomes import retotal, settle
from invoicebatch.engine.handover.threads import HandoverThreads, Result
from invoicebatch.errors import InvoicebatchError
from invoicebatch.files.handover import HandoverLog
from invoicebatch.model.status import OutboxStatus

_FIRST_GROUP = 16
_LARGEST_GROUP = 500
_GROUP_SECONDS = 3.0


def deliver(workspace: WorkspaceBase, run_id: str, progress: Progress, cancel: Event) -> bool:
    """Hand over what waits in the run's outbox; True once nothing waits any more.

    The caller holds the run's lock. Cancelling stops before the next message; what was begun is settled.
    """
    with workspace.store.read() as session:
        heads = session.live_messages(run_id)
    if heads.empty:
        _retotal(workspace, run_id)  # a process may have died between the last answer and the totals
        return True
    log = HandoverLog(workspace.data / "outbox" / f"{run_id}.log")
    progress.start("Hand over", len(heads))
    ways = [
        (_Delivery(workspace, run_id, log, progress, cancel, way), group) for way, group in _by_channel(heads)
    ]
    try:
        for delivery, group in ways:  # all of them before the first group empties the log
            delivery.recover(group)
        for delivery, _ in ways:
            delivery.run()
            if cancel.is_set():
                return False
    finally:
        for delivery, _ in ways:
            delivery.close()
    log.remove()
    _retotal(workspace, run_id)
    return True


def _retotal(workspace: WorkspaceBase, run_id: str) -> None:
    with workspace.store.write() as session:
        if len(session.outbox_heads("run_id = $run_id AND invoice_id IS NOT NULL", run_id=run_id)):
            retotal(session, run_id, clock.today())


def _by_channel(heads: pd.DataFrame) -> Iterator[tuple[tuple[str, str], pd.DataFrame]]:
    """Messages by channel, external ones by target too, in the order of their first message."""
    target = heads["recipient"].where(heads["channel"] == "external", "")
    for key, group in heads.groupby([heads["channel"], target], sort=False):
        yield (str(key[0]), str(key[1])), group


class _Delivery:
    """The messages of one run by one channel."""

    def __init__(
        self,
        workspace: WorkspaceBase,
        run_id: str,
        log: HandoverLog,
        progress: Progress,
        cancel: Event,
        way: tuple[str, str],
    ) -> None:
        self._workspace = workspace
        self._run_id = run_id
        self._log = log
        self._progress = progress
        self._cancel = cancel
        self._way = way
        self._channel: Channel | None = None
        self._closed_by: InvoicebatchError | None = None
        self._attempts: dict[str, int] = {}
        self._before: dict[str, int] = {}

    def recover(self, heads: pd.DataFrame) -> None:
        """Open the channel, and settle the messages whose hand-over was marked when a process died."""
        self._attempts = dict(zip(heads["message_id"], heads["attempts"].astype(int), strict=True))
        self._before = dict(self._attempts)
        try:
            name, target = self._way
            workspace = self._workspace
            self._channel = open_channel(name, workspace.settings, workspace.root, target)
        except InvoicebatchError as error:
            self._closed_by = error
        self._recover(heads[heads["status"] == OutboxStatus.HANDING_OVER.value])

    def run(self) -> None:
        """Hand over what waits, group by group."""
        if self._closed_by is not None:
            self._fail(self._pending(), self._closed_by)
            return
        waiting = [(0.0, message_id) for message_id in self._pending()]
        if waiting and self._connect([message_id for _, message_id in waiting]):
            self._groups(waiting)

    def _pending(self) -> list[str]:
        with self._workspace.store.read() as session:
            heads = session.live_messages(self._run_id)
        known = heads["message_id"].isin(self._attempts)
        free = heads["status"] != OutboxStatus.HANDING_OVER.value
        return [str(message_id) for message_id in heads["message_id"][known & free]]

    def _recover(self, heads: pd.DataFrame) -> None:
        if heads.empty:
            return
        begun = self._log.read()
        results = []
        for message in load_messages(self._workspace, heads["message_id"].tolist()):
            attempts = self._attempts[message.message_id]
            if isinstance(message, Result):  # its document is gone: nobody can tell more than the log
                results.append(message.judged_by(begun))
                continue
            answer = _recovered(self._channel, message, begun)
            results.append(Result(message, answer, attempts + (answer.status is not OutboxStatus.PENDING)))
        self._settle(results)

    def _connect(self, waiting: Sequence[str]) -> bool:
        """Connect with back-off; where it can't be done, all messages fail and may be sent again."""
        channel = self._ready
        for attempt in range(1, channel.attempts + 1):
            try:
                self._mark(waiting[:_FIRST_GROUP], OutboxStatus.CONNECTING)
                reach("deliver.connecting")
                channel.connect()
            except TemporaryError as error:
                if attempt == channel.attempts:
                    self._fail(waiting, error)
                    return False
                wait = error.retry_after or channel.wait_seconds * 2 ** (attempt - 1)
                if self._cancel.wait(wait):
                    return False
            except (InvoicebatchError, OSError) as error:
                self._fail(waiting, error)
                return False
            else:
                return True
        return False

    @property
    def _ready(self) -> Channel:
        assert self._channel is not None  # noqa: S101 - for the type checker
        return self._channel

    def _groups(self, waiting: list[tuple[float, str]]) -> None:
        """Groups of about `_GROUP_SECONDS`, so that the journal is never far behind."""
        size = max(_FIRST_GROUP, self._ready.parallel * 4)
        with HandoverThreads(self._ready, self._log, self._cancel) as hands:
            while waiting and not self._cancel.is_set():
                waiting.sort(key=lambda entry: entry[0])
                if (wait := waiting[0][0] - time.monotonic()) > 0:
                    self._cancel.wait(min(wait, 1.0))
                    continue
                size = self._ready.bulk if self._ready.bulk > 1 else size
                due = [entry for entry in waiting[:size] if entry[0] <= time.monotonic()]
                del waiting[: len(due)]
                began = time.monotonic()
                waiting += self._group(hands, [message_id for _, message_id in due])
                seconds = max(time.monotonic() - began, 0.001)
                size = int(
                    min(max(size * min(_GROUP_SECONDS / seconds, 4), self._ready.parallel), _LARGEST_GROUP)
                )

    def _group(self, hands: HandoverThreads, ids: list[str]) -> list[tuple[float, str]]:
        """Hand one group over; returns what is to be tried again, and when."""
        self._log.begin_group()
        loaded = load_messages(self._workspace, ids)
        messages = [message for message in loaded if isinstance(message, Message)]
        results = [result for result in loaded if isinstance(result, Result)]
        self._mark([message.message_id for message in messages], OutboxStatus.HANDING_OVER)
        reach("deliver.marked")
        try:
            results += hands.give(messages, self._attempts)
        except BaseException:
            results += hands.abandoned(messages, self._attempts)
            self._settle(results)
            raise
        return self._settle(results)

    def _mark(self, ids: Sequence[str], status: OutboxStatus) -> None:
        with self._workspace.store.write() as session:
            frame = pd.DataFrame({"message_id": list(ids)}).assign(status=status.value)
            session.update("outbox", frame, clock.now())

    def _settle(self, results: Sequence[Result]) -> list[tuple[float, str]]:
        again: list[tuple[float, str]] = []
        final: list[Result] = []
        for result in results:
            self._attempts[result.message_id] = result.attempts
            tried = result.attempts - self._before[result.message_id]
            if result.answer.status is OutboxStatus.PENDING and tried >= self._allowed:
                words = f"given up after {tried} attempts: {result.answer.text}"
                result = result.with_answer(Answer(OutboxStatus.FAILED, words))  # noqa: PLW2901
            elif result.answer.status is OutboxStatus.PENDING:
                again.append((time.monotonic() + self._wait(result), result.message_id))
            final.append(result)
        reach("deliver.handed")
        with self._workspace.store.write() as session:
            settle(session, self._run_id, final, clock.now(), self._workspace.user)
            reach("deliver.uncommitted")
        reach("deliver.settled")
        self._progress.advance(len(results) - len(again))
        return again

    @property
    def _allowed(self) -> int:
        return self._channel.attempts if self._channel else 1

    def _wait(self, result: Result) -> float:
        if result.answer.retry_after is not None:
            return result.answer.retry_after
        return self._ready.wait_seconds * 2.0 ** min(
            max(result.attempts - self._before[result.message_id] - 1, 0), 12
        )

    def _fail(self, ids: Sequence[str], error: Exception) -> None:
        """Nothing was handed over and nothing will be: each message fails, to be sent again by a person."""
        text = " ".join(str(error).split())
        for start in range(0, len(ids), _LARGEST_GROUP):
            loaded = load_messages(
                self._workspace, list(ids[start : start + _LARGEST_GROUP]), documents=False
            )
            answer = Answer(OutboxStatus.FAILED, text)
            self._settle(
                [
                    Result(m, answer, self._attempts[m.message_id] + 1) if isinstance(m, Message) else m
                    for m in loaded
                ]
            )

    def close(self) -> None:
        """Let go of the channel and the log."""
        self._log.close()
        if self._channel is not None:
            self._channel.close()


def _recovered(
    channel: Channel | None, message: Message, begun: dict[str, dict[str, object] | None] | None
) -> Answer:
    """What became of a marked message: not begun, answered, shown by the other side, or in doubt."""
    if begun is not None and message.message_id not in begun:
        return Answer(OutboxStatus.PENDING, "was not begun before an interruption", retry_after=0.0)
    noted = begun[message.message_id] if begun else None
    if noted:
        return Result.answer_from(noted)
    if channel is not None:
        try:
            shown = channel.recover(message)
        except (InvoicebatchError, OSError):
            shown = None
        if shown is not None:
            return shown
    return Answer(
        OutboxStatus.IN_DOUBT, "interrupted during the hand-over; nobody can tell whether it arrived"
    )
