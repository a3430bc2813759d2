"""The messages of a previewed run in its dialog: one at a time, its files, and tests to oneself.

Each is made in a worker thread when it is asked for; the plan is the one that would run.
"""

import base64
import threading
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from invoicebatch.engine.plan.messages import Enclosure, PlannedMessage
from invoicebatch.errors import SelectionError, UsageError
from invoicebatch.interfaces.lab.backend import Plan
from invoicebatch.interfaces.lab.detail_view import send_file
from invoicebatch.interfaces.lab.session import Session
from invoicebatch.model.markup import sealed

Asked = Mapping[str, Any]
Work = Callable[[Plan, Asked], None]


class MessageView:
    """What a dialog asks about the messages of its plan."""

    def __init__(self, session: Session, plan_of: Callable[[int], Plan]) -> None:
        """In a session.

        Args:
            session: answers the browser.
            plan_of: the plan of a preview by its number; UsageError where it is out of date.
        """
        self._session = session
        self._plan_of = plan_of
        self._looking, self._testing = threading.Thread(), threading.Thread()
        self._last: tuple[Plan, PlannedMessage] | None = None
        session.extend({"message": self._show, "enclosure": self._open, "test": self._test})

    def wait(self, *workers: threading.Thread) -> None:
        """Wait for what is under way."""
        for worker in workers or (self._looking, self._testing):
            if worker.is_alive():
                worker.join()

    def _show(self, asked: Asked) -> None:
        self._look(asked, self._tell)

    def _open(self, asked: Asked) -> None:
        self._look(asked, self._send)

    def _look(self, asked: Asked, work: Work) -> None:
        plan = self._plan_of(asked["n"])
        self.wait(self._looking)
        self._looking = self._started("message", work, plan, asked)

    def _test(self, asked: Asked) -> None:
        plan = self._plan_of(asked["n"])
        if self._testing.is_alive():
            raise UsageError("A test is still being sent")
        self._testing = self._started("test", self._sent, plan, asked)

    def _started(self, kind: str, work: Work, plan: Plan, asked: Asked) -> threading.Thread:
        def worked() -> None:
            try:
                work(plan, asked)
            except Exception as error:  # noqa: BLE001 - a thread has nobody else to tell
                problem = getattr(error, "message", "") or f"{type(error).__name__}: {error}"
                told = {"kind": kind, "n": asked["n"], "problem": problem, "hint": getattr(error, "hint", "")}
                self._session.send(told, [])

        worker = threading.Thread(target=worked)
        worker.start()
        return worker

    def _made(self, plan: Plan, place: int) -> PlannedMessage:
        """The message at a place; the last one that was looked at is kept."""
        if self._last is None or self._last[0] is not plan or self._last[1].at != place + 1:
            self._last = plan, plan.messages[place]
        return self._last[1]

    def _tell(self, plan: Plan, asked: Asked) -> None:
        places = self._places(plan, str(asked["search"]).strip())
        at = bisect_right(places, asked["at"]) - 1 if asked["back"] else bisect_left(places, asked["at"])
        place = places[min(max(at, 0), len(places) - 1)]
        message = self._made(plan, place)
        page = "" if message.html else base64.b64encode(message.page()).decode()
        self._session.send(
            {
                "kind": "message",
                "n": asked["n"],
                "at": place,
                "of": len(plan.messages),
                "first": place == places[0],
                "last": place == places[-1],
                "head": list(message.head.items()),
                "html": sealed(message.html) if message.html else "",
                "text": message.text,
                "page": page,
                "files": [_told(each) for each in message.enclosures],
            },
            [],
        )

    def _places(self, plan: Plan, search: str) -> Sequence[int]:
        """All places, or those of a document or customer that is searched for."""
        if not search:
            return range(len(plan.messages))
        try:
            return plan.messages.places(number=search)
        except SelectionError:
            return plan.messages.places(customer=search)

    def _send(self, plan: Plan, asked: Asked) -> None:
        file = self._made(plan, asked["at"]).enclosures[asked["index"]]
        send_file(self._session, file.name, file.content)

    def _sent(self, plan: Plan, asked: Asked) -> None:
        told = plan.send_test(asked["to"], asked["limit"])
        rows = told[["number", "outcome", "answer"]].to_numpy().tolist()
        to = ", ".join(told["to"].unique())
        self._session.send({"kind": "test", "n": asked["n"], "to": to, "rows": rows}, [])


def _told(file: Enclosure) -> dict[str, Any]:
    return {"name": file.name, "size": file.size, "pages": file.pages}
