"""Collection flows: read from rules/collection_flows.toml, and what a step costs and when it is due.

Flows are data; what a step sends is the action's, what the law lets it ask is `late_payment`'s.
"""

import tomllib
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from invoicebatch.errors import ParameterError, RulesError
from invoicebatch.model.money import format_cents, round_half_up, to_cents, to_decimal
from invoicebatch.validation import first_problem

FILE: Final = "rules/collection_flows.toml"
LATE_PAYMENT: Final = "late_payment"
"""The one table of the file that is no flow."""
REMINDER: Final = "reminder"
"""Mail templates of a step that names no others; they are for steps alone."""


def _cents(value: object) -> int:
    if isinstance(value, float):
        raise ValueError('amounts are texts with two decimals, such as "12.50"')  # noqa: TRY004 - pydantic's
    return to_cents(str(value))


Cents = Annotated[int, BeforeValidator(_cents), Field(ge=0)]


class Part(BaseModel):
    """Base of what the file holds."""

    model_config = ConfigDict(frozen=True, extra="forbid")


P = TypeVar("P", bound=Part)


class Bracket(Part):
    """A part of the amount, up to a limit, and its percentage."""

    up_to: Cents | None = None
    percent: Decimal = Field(ge=0, le=100)


class Cost(Part):
    """What a step costs the debtor."""

    type: Literal["none", "fixed", "percentage", "graduated", "statutory"] = "none"
    amount: Cents = 0
    percent: Decimal = Field(Decimal(0), ge=0, le=100)
    brackets: tuple[Bracket, ...] = ()
    minimum: Cents = 0
    maximum: Cents | None = None

    @model_validator(mode="after")
    def _ascending(self) -> "Cost":
        limits = [bracket.up_to for bracket in self.brackets]
        known = [limit for limit in limits[:-1] if limit is not None]
        if len(known) != len(limits[:-1]) or known != sorted(set(known)):
            raise ValueError("brackets ascend, and only the last may have no up_to")
        if self.type == "graduated" and not self.brackets:
            raise ValueError("a graduated cost needs brackets")
        return self

    def cents(self, outstanding_cents: int) -> int:
        """The cost on an open amount, rounded half up, within minimum and maximum; a statutory one is the law's."""
        if self.type in ("none", "statutory") or outstanding_cents <= 0:
            return 0
        cost = max(self._plain(outstanding_cents), self.minimum)
        return cost if self.maximum is None else min(cost, self.maximum)

    def _plain(self, outstanding_cents: int) -> int:
        if self.type == "fixed":
            return self.amount
        if self.type == "percentage":
            return round_half_up(to_decimal(outstanding_cents) * self.percent / 100)
        total, below = Decimal(0), 0
        for bracket in self.brackets:
            limit = outstanding_cents if bracket.up_to is None else min(bracket.up_to, outstanding_cents)
            total += to_decimal(max(limit - below, 0)) * bracket.percent / 100
            below = max(limit, below)
        return round_half_up(total)

    def __str__(self) -> str:
        if self.type == "fixed":
            return format_cents(self.amount)
        return f"{self.percent} %" if self.type == "percentage" else self.type


class Step(Part):
    """One step of a flow; `titles` say its name in letters, by language."""

    name: str = Field(min_length=1)
    titles: dict[Literal["en", "nl", "fr", "de"], str] = Field(default_factory=dict)
    after_days: int = Field(ge=0)
    channel: Literal["email", "post", "manual", "none"]
    template: str = Field(REMINDER, pattern="^[a-z0-9_-]{1,40}$")
    cost: Cost = Cost()
    interest: Literal["none", "statutory"] = "none"

    def title(self, language: str) -> str:
        """Name of the step in a language."""
        return {str(code): text for code, text in self.titles.items()}.get(language, self.name)


class Flow(Part):
    """A collection flow: when it begins after the due date, and its steps in order."""

    label: str
    start_days: int = Field(ge=0)
    steps: tuple[Step, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _in_order(self) -> "Flow":
        days = [step.after_days for step in self.steps]
        if days != sorted(set(days)):
            raise ValueError("after_days of the steps must ascend")
        return self

    def first_date(self, due: date, today: date) -> date:
        """When the first step comes: as planned, but never in the past."""
        return max(due + timedelta(days=self.start_days + self.steps[0].after_days), today)

    def next_date(self, due: date, step: int, done: date) -> date | None:
        """When the step after number `step` (from 1) comes, or None at the end.

        As planned from the due date, but never nearer to the step before than the flow says: a case that is
        opened late does not run through all its steps at once.
        """
        if step >= len(self.steps):
            return None
        here, there = self.steps[step - 1].after_days, self.steps[step].after_days
        planned = due + timedelta(days=self.start_days + there)
        return max(planned, done + timedelta(days=there - here))


def load_flows(root: Path) -> dict[str, Flow]:
    """The flows of a workspace, by name.

    Raises:
        RulesError: no such file, not TOML, or a flow that is wrong; file and key are named.
    """
    tables = read_tables(root)
    return {name: parsed(Flow, root, name, table) for name, table in tables.items() if name != LATE_PAYMENT}


def read_tables(root: Path) -> dict[str, Any]:
    """The tables of the file.

    Raises:
        RulesError: see `load_flows`.
    """
    file = root / FILE
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise RulesError(
            f"{file} can't be read: {error.strerror}", "invoicebatch init lays one out."
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RulesError(f"{file} is not valid TOML: {error}") from error


def parsed(kind: type[P], root: Path, name: str, table: object) -> P:
    """A table of the file as what it is.

    Raises:
        RulesError: it is wrong; file and key are named.
    """
    try:
        return kind.model_validate(table)
    except ValidationError as error:
        place, problem = first_problem(error)
        raise RulesError(f"{root / FILE}: {'.'.join(filter(None, (name, place)))}: {problem}") from error


def find_flow(root: Path, name: str) -> Flow:
    """The flow of that name.

    Raises:
        ParameterError: there is none; the hint lists those there are.
        RulesError: see `load_flows`.
    """
    flows = load_flows(root)
    if name not in flows:
        raise ParameterError(
            f"There is no collection flow {name!r}.", f"Flows: {', '.join(flows) or 'none'}."
        )
    return flows[name]
