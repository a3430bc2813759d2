"""What a browser may ask of the grid: every message is read by a model before anything is done with it."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from invoicebatch.errors import UsageError
from invoicebatch.validation import first_problem

Name = Annotated[str, Field(max_length=200, pattern=r"^[A-Za-z_][A-Za-z0-9_.]*$")]
Text = Annotated[str, Field(max_length=10_000)]
Params = dict[Name, JsonValue]
Count = Annotated[int, Field(ge=0)]


class Message(BaseModel):
    """A message; what its kind does not have is left out."""

    model_config = ConfigDict(extra="ignore")


class Page(Message):
    """Rows from a place on."""

    start: Count
    v: int


class View(Message):
    """Another order, other filters."""

    sort: list[tuple[Name, bool]] | None = None
    filters: dict[Name, dict[Name, JsonValue]] | None = None
    search: Text | None = None
    only: bool = False


class OfRun(Message):
    """Something about a run; without its id, the last one of this grid."""

    run_id: Text | None = None


class Keys(Message):
    """Other columns, as many of them pinned, and of these widths in pixels."""

    keys: list[Name]
    pinned: Count | None = None
    widths: dict[Name, Count] | None = None


class Select(Message):
    """Another selection."""

    op: Literal["set", "toggle", "range", "all", "shown", "none"]
    ids: list[int] = []
    a: Count = 0
    b: Count = 0
    add: bool = False
    by: Text | None = None


class Facets(Message):
    """The values of a column."""

    key: Name


class OfAction(Message):
    """Something about an action."""

    action: Name


class OfRow(Message):
    """Something about the row at a place."""

    at: Count


class OfInvoice(Message):
    """Something about an invoice."""

    id: int


class Dialog(OfAction):
    """An action's dialog, for the selection or for these rows."""

    ids: list[int] | None = None


class Step(Message):
    """A step after the last run, by its place."""

    which: Literal["next", "undo"]
    at: Count


class Retry(Message):
    """The rows that failed, with the same action or another."""

    action: Text | None = None


class Sheet(Message):
    """A customers' sheet that was filled in, as base64."""

    name: Text
    content: Annotated[str, Field(max_length=30_000_000)]


class Show(OfAction):
    """Rows that can't take an action."""

    reason: Text | None = None


class Views(Message):
    """Saved views."""

    views: list[dict[str, JsonValue]]


class Preview(Message):
    """Parameters to preview."""

    n: int
    params: Params | None = None


class Run(Message):
    """Do what was previewed."""

    n: int
    typed: Text = ""


class OfMessage(Message):
    """A message of what was previewed: the first from a place on, or back, of a document or customer if one is searched."""

    n: int
    at: Count = 0
    back: bool = False
    search: Text = ""


class Enclosure(Message):
    """A file of such a message."""

    n: int
    at: Count
    index: Count


class Trial(Message):
    """The first mails of what was previewed, to a person."""

    n: int
    to: Text
    limit: Count = 3


class Pick(Message):
    """Select rows of a report."""

    which: Literal["refused", "failed", "unchanged", "done", "made"]
    reason: Text | None = None


class File(Message):
    """A file of a report."""

    index: Count


class By(Message):
    """Rows in groups."""

    by: Name


class OfGroup(Message):
    """Something about a group of the grouping with this serial."""

    serial: Count
    at: Count
    on: bool = True


class OfBundle(Message):
    """Something about a payment bundle."""

    bundle: Text


class BundleAction(OfAction, OfBundle):
    """An action on a payment bundle."""


class OfPayment(Message):
    """Something about a payment that came in."""

    payment: Text


class SetAside(OfPayment):
    """A payment that is none of ours; without a reason it waits again."""

    reason: Text = ""


class Book(Message):
    """Proposals to book as they were shown: payment, number of its proposal, numbers and amounts of its documents."""

    ticks: list[tuple[Text, int, list[tuple[Text | None, Decimal]]]]


class Code(Message):
    """A run as code."""

    as_: Literal["python", "command", "notebook"] = Field(alias="as")
    params: Params | None = None


KINDS: Final[Mapping[str, type[Message]]] = {
    "page": Page,
    "view": View,
    "keys": Keys,
    "select": Select,
    "facets": Facets,
    "why": OfAction,
    "show": Show,
    "views": Views,
    "dialog": Dialog,
    "detail": OfRow,
    "document": OfInvoice,
    "customer": OfInvoice,
    "preview": Preview,
    "run": Run,
    "cancel": Message,
    "retry": Retry,
    "next": Step,
    "fix": Message,
    "sheet": Sheet,
    "resume": OfRun,
    "abandon": OfRun,
    "copy": Message,
    "message": OfMessage,
    "enclosure": Enclosure,
    "test": Trial,
    "refresh": Message,
    "pick": Pick,
    "file": File,
    "code": Code,
    "groups": By,
    "group_select": OfGroup,
    "group_show": OfGroup,
    "outgoing": Message,
    "bundle": OfBundle,
    "bundle_action": BundleAction,
    "bundle_rows": OfBundle,
    "bundle_file": OfBundle,
    "incoming": Message,
    "book": Book,
    "set_aside": SetAside,
    "unmatch": OfPayment,
    "dismiss": Message,
}


def read(message: Mapping[str, Any]) -> dict[str, Any]:
    """A message as its kind has it.

    Raises:
        UsageError: a kind that is not known, or a message that is not of its form.
    """
    kind = message.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise UsageError(f"The grid sent {str(kind)[:50]!r}, which is not known here.", "Reload the page.")
    try:
        return KINDS[kind].model_validate(dict(message)).model_dump(by_alias=True)
    except ValidationError as error:
        place, problem = first_problem(error)
        raise UsageError(
            f"The grid sent a {kind} that can't be read: {place}: {problem}.", "Reload the page."
        ) from error
