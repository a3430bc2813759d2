"""The messages of a plan as they will look: counted at once, made only when one is looked at."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, overload

from markupsafe import Markup

from invoicebatch.errors import SelectionError
from invoicebatch.files.names import safe_name
from invoicebatch.files.whole import write_whole
from invoicebatch.model.action import Outgoing
from invoicebatch.model.markup import framed, joined, picture

_GROUP: Final = 25
"""Messages made at a time where all are looked at."""

PDF: Final = "application/pdf"


@dataclass(frozen=True)
class Enclosure:
    """A file that goes along: its name, media type and bytes."""

    name: str
    type: str
    content: bytes

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self.content)

    @cached_property
    def pages(self) -> int | None:
        """Pages of a PDF; None: it is none, or can't be read."""
        from invoicebatch.formats.pdf.pictures import page_total

        return page_total(self.content) if self.type == PDF else None

    def __repr__(self) -> str:
        return f"Enclosure({self.name!r}, {self.size:,} bytes)"


@dataclass(frozen=True)
class PlannedMessage:
    """One message, made by the code of the run itself; in a notebook it shows itself.

    Attributes:
        at: its place among the plan's messages, from 1.
        channel: how it goes.
        numbers: the documents it carries.
        customer: id of the customer; `customer_name` what it is called.
        recipient: mail addresses, lines of a postal address, or a network's participant.
        sender: who it comes from, of a mail; `to`, `copies` (blind ones) and `subject` likewise.
        text: the plain part, or what there is to read of another channel.
        html: the HTML part, of a mail.
        enclosures: what goes along.
        content: a mail's whole bytes, as a server would get them.
        problem: why it can't be made; nothing else is there then.
        left_out: documents that it was to carry and won't, each with why.
    """

    at: int
    channel: str
    numbers: tuple[str, ...]
    customer: str
    customer_name: str = ""
    recipient: str = ""
    sender: str = ""
    to: str = ""
    copies: str = ""
    subject: str = ""
    text: str = ""
    html: str = ""
    enclosures: tuple[Enclosure, ...] = ()
    content: bytes = b""
    problem: str = ""
    left_out: Mapping[str, str] | None = None

    @property
    def head(self) -> dict[str, str]:
        """What stands above a message, by title; what is empty is left out."""
        titles = {
            "From": self.sender,
            "To": self.to or self.recipient,
            "Bcc": self.copies,
            "Subject": self.subject,
            "Customer": f"{self.customer_name} ({self.customer})",
            "Documents": ", ".join(self.numbers),
            "Problem": self.problem,
            "Left out": "; ".join(f"{number}: {why}" for number, why in (self.left_out or {}).items()),
        }
        return {title: text for title, text in titles.items() if text}

    def to_dict(self) -> dict[str, Any]:
        """The message as JSON values, its files by name, type, size (bytes) and pages."""
        names = ("at", "channel", "customer", "customer_name", "recipient", "sender", "to", "copies", "subject", "text", "html", "problem")  # fmt: skip
        files = [
            {name: getattr(each, name) for name in ("name", "type", "size", "pages")}
            for each in self.enclosures
        ]
        own = {name: getattr(self, name) for name in names}
        return {
            **own,
            "numbers": list(self.numbers),
            "left_out": dict(self.left_out or {}),
            "enclosures": files,
        }

    def page(self) -> bytes:
        """The first page of what is printed, as a PNG; empty: there is none."""
        from invoicebatch.formats.pdf.pictures import page_pictures

        pdf = next((each for each in self.enclosures if each.pages), None)
        return page_pictures(pdf.content, 60, limit=1)[0] if pdf else b""

    def save(self, folder: str | Path) -> list[Path]:
        """Write it into a folder: a mail as `.eml` (and its HTML part), another message as its files.

        Raises:
            StorageError: a file can't be written.
        """
        stem = f"{self.at:05d}-{safe_name(self.numbers[0])}"
        files = {f"{stem}.eml": self.content, f"{stem}.html": self.html.encode()} if self.content else {}
        files |= (
            {}
            if self.content
            else {f"{stem}-{safe_name(each.name)}": each.content for each in self.enclosures}
        )
        return [
            write_whole(Path(folder) / name, content, on_clash="replace")
            for name, content in files.items()
            if content
        ]

    def shown(self, style: str = "width:100%;height:420px") -> Markup:
        """What its reader sees: the HTML part in a frame of this style, else the first page, else the text."""
        if self.html:
            return framed(self.html, self.subject, style)
        if page := self.page():
            return picture(page, ", ".join(self.numbers))
        return Markup('<pre style="white-space:pre-wrap">{}</pre>').format(self.text or self.problem)

    def _repr_html_(self) -> Markup:
        line = Markup("<div><b>{}</b>: {}</div>")
        head = joined([line.format(title, text) for title, text in self.head.items()])
        files = joined([Markup("<li>{}</li>").format(described(each)) for each in self.enclosures])
        return Markup("<div>{}{}<ul>{}</ul></div>").format(head, self.shown(), files)


def described(file: Enclosure) -> str:
    """Name, pages and size of a file, in words."""
    pages = f"{file.pages} {'page' if file.pages == 1 else 'pages'}, " if file.pages else ""
    return f"{file.name} ({pages}{file.size / 1000:,.0f} kB)"


Make = Callable[[Sequence[int]], list[PlannedMessage]]


class Messages(Sequence[PlannedMessage]):
    """The messages of a plan in their order: how many there are is known, the rest is made when it is asked for."""

    def __init__(self, found: Sequence[Outgoing], make: Make, places: Callable[..., list[int]]) -> None:
        """Of a plan.

        Args:
            found: channel and documents of each.
            make: the messages at some places.
            places: see `places`.
        """
        self.found = found
        self._make = make
        self._places = places

    def __len__(self) -> int:
        return len(self.found)

    @overload
    def __getitem__(self, at: int) -> PlannedMessage: ...

    @overload
    def __getitem__(self, at: slice) -> list[PlannedMessage]: ...

    def __getitem__(self, at: int | slice) -> PlannedMessage | list[PlannedMessage]:
        places = range(len(self))[at]
        return self._make(places) if isinstance(places, range) else self._make([places])[0]

    def __iter__(self) -> Iterator[PlannedMessage]:
        for start in range(0, len(self), _GROUP):
            yield from self[start : start + _GROUP]

    @property
    def by_channel(self) -> dict[str, int]:
        """How many go by each channel."""
        channels = [channel for channel, _ in self.found]
        return {channel: channels.count(channel) for channel in dict.fromkeys(channels)}

    def places(self, *, number: str = "", customer: str = "") -> list[int]:
        """Where the messages of a document stand, by its number, or of a customer, by id or a part of the name.

        Raises:
            SelectionError: there is none.
        """
        if found := self._places(number=number, customer=customer):
            return found
        what = f"customer {customer}" if customer else f"document {number}"
        raise SelectionError(
            f"No message of this run is about {what}.", "Its refusals say which rows it leaves out."
        )


NO_MESSAGES: Final = Messages((), lambda _: [], lambda **_: [])
"""Of an action that sends none."""
