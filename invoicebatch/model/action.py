"""What an action is: a name, a parameter model and pure functions from frames to changes.

The command line, the notebooks, the selection sheet and the grid are generated from this.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from invoicebatch.model.changes import Batch, Changes, Prepared
from invoicebatch.model.params import Params as Params  # noqa: PLC0414 - actions take it from here
from invoicebatch.settings import Settings

J = TypeVar("J")
R = TypeVar("R")


class Context(Protocol):
    """What the engine lends to an action while it runs; an action holds nothing itself."""

    run_id: str
    now: datetime
    today: date
    user: str
    selection: str
    """The run's, in words."""
    settings: Settings
    root: Path
    """The workspace's folder, for reading templates and rules."""

    def map(self, function: Callable[[J], R], jobs: Iterable[J]) -> Iterator[R]:
        """Apply a module-level function to each job in the process pool, results in order."""

    def document(self, path: str, sha256: str) -> Path:
        """The stored document, its bytes checked against the hash.

        Raises:
            DocumentError: missing, or its bytes have changed.
        """

    def pieces(
        self,
        ids: npt.NDArray[np.int64],
        columns: Iterable[str],
        reads: Mapping[str, Iterable[str] | None],
        size: int = 50_000,
    ) -> Iterator[Batch]:
        """What a file needs of many invoices, some thousand at a time, in their order.

        Args:
            ids: invoice ids.
            columns: overview columns, those that link the tables among them.
            reads: by table, columns of the rows that belong to them; None: all.
            size: invoices a piece.
        """

    def reserve_ids(self, count: int) -> npt.NDArray[np.int64]:
        """That many fresh invoice ids, for rows an action inserts."""

    def odd(self, ids: npt.NDArray[np.int64], severity: str) -> pd.DataFrame:
        """What the review (rules/review.toml) finds of invoices, to `stop` or to `look`: invoice_id, reason."""

    def receivers(self, ask: Iterable[tuple[str, str]] = ()) -> Mapping[tuple[str, str], str]:
        """Why receivers of e-invoices (scheme, identifier) take none, empty where they do; unknown ones are missing.

        Args:
            ask: those that the network is asked for, where nothing is known of them yet.
        """


Preview = Mapping[str, pd.DataFrame]
"""Named tables shown before a run; money columns end in `_cents`."""


Outgoing = tuple[str, tuple[int, ...]]
"""A message that a run will prepare, before anything of it is made: channel, and the documents it carries."""


class Surroundings(Protocol):
    """What the values of a parameter may be read from: settings, rules, state, the other actions."""

    settings: Settings
    root: Path
    """The workspace's folder, for reading templates and rules."""

    @property
    def actions(self) -> Mapping[str, "Action"]:
        """The actions of the bar."""

    def table(self, name: str) -> pd.DataFrame:
        """A whole small table, as it is now."""


class Checking(Surroundings, Protocol):
    """What the parameters of an action are checked by, also those that name another action or rows."""

    def check_filter(self, condition: str) -> None:
        """Refuse what is no filter over overview columns (FilterError)."""

    def check_params(self, action: str, values: Mapping[str, Any]) -> None:
        """Refuse what an action of the bar does not take as its parameters (ParameterError)."""


@dataclass(frozen=True, slots=True)
class Choices:
    """The values a parameter may take, known only in a workspace.

    Attributes:
        values: value and label, in the order they are offered.
        origin: where a person adds one, such as `rules/collection_flows.toml`.
    """

    values: Callable[[Surroundings], Mapping[str, str]]
    origin: str


@dataclass(frozen=True, slots=True)
class RowChoices:
    """The values a list parameter may hold, known only of the rows a run is of.

    Attributes:
        values: one row a value: the value itself, then what a person knows it by.
        columns: overview columns it needs.
        reads: tables it needs besides.
    """

    values: Callable[[Batch], pd.DataFrame]
    columns: frozenset[str] = frozenset()
    reads: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One action of the bar.

    Attributes:
        name: equal to its path under `actions/`, such as `assign.bank_file`.
        label: what the button says.
        title_in_full: what a dialog is called, where the label says it beside its group alone; empty: the label.
        help: one sentence for the dialog and the command's help.
        params: parameter model.
        columns: overview columns it needs; None: all of them.
        reads: tables it needs besides the overview.
        read_columns: the columns that it needs of a table, where these are not all.
        transform: what changes, once all files are staged.
        reserve: changes committed before files are made (numbers).
        artefacts: files, made between `reserve` and `transform`.
        preview: tables shown before the run.
        effects: rows for the outbox.
        messages: the messages that `effects` will prepare, in order, without making any: they are what a
            person counts and looks at one by one; it gets what `row_checks` get, and customer, company
            account and document_path of each row. None: the rows are.
        defaults: parameter defaults that depend on settings and date.
        check: refuses parameters that settings, other actions or the present moment rule out (ParameterError).
        row_checks: why rows that the rules allow can't be done all the same: invoice_id int64, reason
            str. A plan refuses them, and a run once more: `transform` sees none of them.
        check_columns: overview columns that `row_checks` needs, where a plan need not read as much as a
            run; None: the action's own, and its tables.
        check_reads: tables it needs then.
        records_faults: what `row_checks` find is not refused but done, and fails: the row keeps its faults.
        refusals: why rows are refused all the same where `records_faults`: as `row_checks`.
        warnings: what a person should look at before the run, which does the rows all the same: as
            `row_checks`; a preview counts them.
        own_parts: what an action without parts in its rule falls into, as the column `part` of its preview's
            tables says; a dialog shows each apart.
        wanted_parts: the parts of its rule that the parameters ask for; a row that fits another is refused.
        companions: what finds further rows that go with the selected ones, such as listed advances, in
            their `lines`: ids; by the parameters, None where none do.
        order: overview columns that fix the order of the rows; empty: as selected.
        chunk_rows: rows a commit; None: the whole selection at once.
        together: the overview column whose equal rows are done in one commit, by the parameters; empty: none is.
        confirm: asks for confirmation.
        waives: facts of the rules that are not asked where a parameter is true, by parameter; such a run
            asks for confirmation.
        accepts: facts that are not asked either where a parameter, such as words that say why, is given; they
            are confirmation enough.
        irreversible: can't be undone, and the dialog says so.
        repeatable: running it again is a new run, also where nothing about its rows has changed.
        lasting: facts of the rules that must still hold where a message of it is sent again later.
        watch: overview columns outside the invoice's own row (an IBAN, a mandate) that the plan
            freezes; a row in which one has changed at the claim is refused as stale.
        choices: values of parameters that a workspace knows, by parameter; no other value is planned. What a
            list may hold is offered so too, and judged by the action itself.
        row_choices: values of list parameters that the rows of a run know, by parameter.
        schedulable: an export job may run it, and a large run of it may as well go to the worker.
        outcome: the overview column it is about, and its value where a row succeeds.
        after: what usually comes next on the rows done: names of actions, or of a group for all of it.
        after_made: the same on the invoices that it makes.
        after_failure: what takes rows that failed, where they can't take the action itself again.
        after_again: what may be done once more where its rows have been sent in an older version.
        undo: name of the action that takes it back; empty: none does.
        hidden: not on the bar; run by an interface of its own (`payments`), on the rows it names.
        of_rows: parameters of a hidden action that follow from its rows: overview column by parameter.
    """

    name: str
    label: str
    help: str
    params: type[Params] = Params
    title_in_full: str = ""
    columns: frozenset[str] | None = None
    reads: frozenset[str] = frozenset()
    read_columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    transform: Callable[[Batch, Any, Context], Changes]
    reserve: Callable[[Batch, Any, Context], Changes] | None = None
    artefacts: Callable[[Batch, Any, Context], Iterator[Prepared]] | None = None
    preview: Callable[[Batch, Any, Context], Preview] | None = None
    effects: Callable[[Batch, Any, Context], pd.DataFrame] | None = None
    messages: Callable[[Batch, Any, Context], Sequence[Outgoing]] | None = None
    defaults: Callable[[Settings, date], Mapping[str, Any]] | None = None
    check: Callable[[Any, Checking, datetime], None] | None = None
    row_checks: Callable[[Batch, Any, Context], pd.DataFrame] | None = None
    check_columns: frozenset[str] | None = None
    check_reads: frozenset[str] = frozenset()
    records_faults: bool = False
    refusals: Callable[[Batch, Any, Context], pd.DataFrame] | None = None
    warnings: Callable[[Batch, Any, Context], pd.DataFrame] | None = None
    own_parts: tuple[str, ...] = ()
    wanted_parts: Callable[[Any], Collection[str]] | None = None
    companions: Callable[[Any], Callable[[pd.DataFrame], npt.NDArray[np.int64]] | None] | None = None
    order: tuple[str, ...] = ()
    chunk_rows: int | None = None
    together: Callable[[Any], str] | None = None
    confirm: bool = False
    waives: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    accepts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    irreversible: bool = False
    repeatable: bool = False
    lasting: tuple[str, ...] = ()
    watch: tuple[str, ...] = ()
    choices: Mapping[str, Choices] = field(default_factory=dict)
    row_choices: Mapping[str, RowChoices] = field(default_factory=dict)
    schedulable: bool = False
    outcome: tuple[str, str] | None = None
    after: tuple[str, ...] = ()
    after_made: tuple[str, ...] = ()
    after_failure: tuple[str, ...] = ()
    after_again: tuple[str, ...] = ()
    undo: str = ""
    hidden: bool = False
    of_rows: Mapping[str, str] = field(default_factory=dict)

    @property
    def makes_files_only(self) -> bool:
        """Whether it makes files of what is there, as often as it is asked to, and nothing of it moves anything on."""
        moves = self.reserve or self.effects or self.outcome or self.companions or self.undo or self.hidden
        return self.repeatable and self.artefacts is not None and not moves

    @property
    def files_a_commit(self) -> bool:
        """Whether it makes files of some rows a commit: of as many as keep all processes at work."""
        return self.artefacts is not None and self.chunk_rows is not None

    def for_checks(self) -> "Action":
        """The same action, reading no more than its `row_checks` need."""
        if self.check_columns is None:
            return self
        return replace(self, columns=self.check_columns, reads=self.check_reads)

    @property
    def refusing(self) -> Callable[[Batch, Any, Context], pd.DataFrame] | None:
        """What refuses rows that the rules allow; None: nothing does."""
        return self.refusals if self.records_faults else self.row_checks

    @property
    def waivable(self) -> Mapping[str, tuple[str, ...]]:
        """Facts that are not asked where a parameter is given, confirmed or not, by parameter."""
        return {**self.waives, **self.accepts}

    def waived(self, params: Params) -> frozenset[str]:
        """The facts that these parameters do without."""
        return frozenset(
            fact for name, facts in self.waivable.items() if getattr(params, name) for fact in facts
        )

    def asks(self, params: Params) -> bool:
        """Whether a run with these parameters asks for confirmation."""
        return self.confirm or any(getattr(params, name) for name in self.waives)

    @property
    def careful(self) -> bool:
        """Whether a dialog asks before it runs."""
        return self.confirm or self.irreversible or bool(self.waives)

    @property
    def group(self) -> str:
        """Group of the bar: the first part of the name."""
        return self.name.partition(".")[0]

    @property
    def title(self) -> str:
        """What people call it where its group is not beside it."""
        return self.title_in_full or self.label

    @property
    def group_label(self) -> str:
        """What people call the group: its name in words; an action by itself is its own group."""
        return self.label if self.group == self.name else self.group.replace("_", " ").capitalize()
