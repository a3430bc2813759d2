"""Rule sets of electronic invoices by date, as data (`rules/einvoice/`): which one a document must follow.

A set says its profile, processes and code lists, the ids of its rules, its days, and where its official
schematron comes from. What the rules ask is told in `rules`; nothing is validated here.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from itertools import combinations
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from invoicebatch.errors import RulesError, SettingsError
from invoicebatch.files.rule_tables import read_rules, valid
from invoicebatch.files.shipped import shipped
from invoicebatch.formats.validation.official import SCHEMATRONS

FOLDER: Final = "einvoice"
CODE_LISTS: Final = "code_lists.toml"
STANDARD: Final = "en16931"
"""Family of the sets that a document of no other family follows."""

Syntax = Literal["ubl", "cii"]


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Schematron(_Data):
    """An official schematron: of a package that is installed, or a path that the settings name by the set's id."""

    syntax: Syntax
    source: str
    shipped: str = ""
    name: str = Field("", description="Told apart from others of the set; its key is then `<set>/<name>`")


class RuleSet(_Data):
    """One rule set in one version.

    Attributes:
        family: what its versions have in common.
        specification: the specification identifier (BT-24) of its documents.
        marker: by what BT-24 tells that a document is of the family; empty: not by BT-24.
        identifier: pattern of the whole of BT-24.
        processes: pattern of the business processes (BT-23) it knows.
        typed_processes: pattern of those whose type codes it lists.
        since: first day; None: always.
        until: last day; None: no end is known.
        published: day of its publication, where its start lies after it.
        unknown: what it asks is not known here, only that it does.
        keeps_standard: whether the schematron of EN 16931 holds for its documents too.
        rules: how the ids of its rules begin.
        not_asked: rules of those, or of the standard, that it does not have.
        warnings: rules that are no more than advice in it.
        code_lists: name of the code list by rule.
        largest_pdf_mb: how large a PDF inside a document may be, by our own caution where no publisher says.
    """

    title: str
    family: str
    specification: str = ""
    marker: str = ""
    identifier: str = ".*"
    processes: str = ".*"
    typed_processes: str = ".*"
    since: date | None = Field(None, alias="from")
    until: date | None = None
    published: date | None = None
    unknown: bool = False
    keeps_standard: bool = True
    rules: tuple[str, ...] = ()
    not_asked: frozenset[str] = frozenset()
    warnings: frozenset[str] = frozenset()
    code_lists: Mapping[str, str] = {}
    schematrons: tuple[Schematron, ...] = ()
    largest_pdf_mb: int = Field(10, gt=0)
    id: str = ""

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> "RuleSet":
        if self.since and self.until and self.until < self.since:
            raise ValueError(f"until: {self.until} lies before from, {self.since}")
        return self

    def asks(self, rule: str) -> bool:
        """Whether it has the rule, and breaking it is fatal."""
        return self.knows(rule) and rule not in self.warnings

    def knows(self, rule: str) -> bool:
        """Whether it has the rule at all."""
        return rule.startswith(self.rules) and rule not in self.not_asked

    def covers(self, day: date) -> bool:
        """Whether it is in force on a day."""
        return (self.since or date.min) <= day <= (self.until or date.max)

    def key(self, schematron: Schematron) -> str:
        """The key under `[einvoice.schematrons]` that names the path of a schematron."""
        return f"{self.id}/{schematron.name}" if schematron.name else self.id


@dataclass(frozen=True)
class RuleSets:
    """All sets of a workspace.

    Attributes:
        sets: by id.
        lists: codes by name of the list.
        named: ids of the sets for which the settings name a schematron.
    """

    sets: Mapping[str, RuleSet]
    lists: Mapping[str, frozenset[str]]
    named: frozenset[str] = frozenset()

    @cached_property
    def prefixes(self) -> tuple[str, ...]:
        """How rules begin that are asked of some families only."""
        return tuple(sorted({prefix for found in self.sets.values() for prefix in found.rules}))

    def family_of(self, specification: str, process: str) -> str:
        """The family a document names by its BT-24, or by its BT-23 where the family has no identifier."""
        for found in self.sets.values():
            if found.marker and found.marker in specification:
                return found.family
        for found in self.sets.values():
            unmarked = not found.marker and found.family != STANDARD
            if unmarked and specification == found.specification and re.fullmatch(found.processes, process):
                return found.family
        return STANDARD

    def on(self, family: str, day: date | None) -> RuleSet:
        """The set of a family on a day; before the first one, the first; without a day, the last that is known."""
        of_family = [found for found in self.sets.values() if found.family == family]
        if day is None:
            return [found for found in of_family if not found.unknown][-1]
        inside = [found for found in of_family if found.covers(day)]
        if inside:
            return inside[-1]
        earliest = min(of_family, key=lambda found: found.since or date.min)
        return earliest if day < (earliest.since or date.min) else of_family[-1]


@lru_cache(maxsize=8)
def rule_sets(root: Path | None = None, named: frozenset[str] = frozenset()) -> RuleSets:
    """The shipped sets, and those that a workspace adds; a shipped id stays what is shipped.

    Args:
        root: the workspace; None: only the shipped ones.
        named: keys of `[einvoice.schematrons]`.

    Raises:
        RulesError: a file can't be read, a key in it is wrong, or it has the name of another; file and key are named.
        SettingsError: the settings name a schematron that no set has.
    """
    folders = [shipped("rules") / FOLDER]
    if root is not None and (root / "rules" / FOLDER).resolve() != folders[0].resolve():
        folders.append(root / "rules" / FOLDER)
    sets: dict[str, RuleSet] = {}
    lists: dict[str, frozenset[str]] = {}
    for folder in folders:
        own = read_rules(folder / CODE_LISTS) if (folder / CODE_LISTS).is_file() else {}
        for name, table in own.items():
            _add(
                lists, name, frozenset(str(table.get("codes", "")).split()), f"{folder / CODE_LISTS}: {name}"
            )
        files = (f for f in sorted(folder.glob("*.toml")) if f.name not in (CODE_LISTS, *_OTHER_FILES))
        of_folder = {file.stem: _set(file) for file in files}
        _check_days(of_folder, folder)
        for name, found in of_folder.items():
            _add(sets, name, found, str(folder / f"{name}.toml"))
    _check_lists(sets, lists)
    _check_named(sets, named)
    return RuleSets(sets, lists, named)


def _add(known: dict[str, Any], name: str, value: object, where: str) -> None:
    if known.setdefault(name, value) != value:
        raise RulesError(
            f"{where}: what is shipped under this name stays as it is", "Give yours another name."
        )


def _check_days(of_folder: Mapping[str, RuleSet], folder: Path) -> None:
    """Of two sets of a family, one alone is in force; a workspace's own comes before a shipped one."""
    for one, other in combinations(of_folder.values(), 2):
        begins = max(one.since or date.min, other.since or date.min)
        if one.family == other.family and one.covers(begins) and other.covers(begins):
            raise RulesError(
                f"{folder / other.id}.toml: {one.id} of the family {one.family} is in force on the same days",
                "Give one of them its last day with until.",
            )


def _check_named(sets: Mapping[str, RuleSet], named: frozenset[str]) -> None:
    keys = {found.key(schematron) for found in sets.values() for schematron in found.schematrons}
    if unknown := named - keys:
        raise SettingsError(
            f"[einvoice.schematrons]: there is no rule set {min(unknown)}",
            f"There are {', '.join(sorted(keys))}.",
        )


_OTHER_FILES: Final = ("duty.toml",)


def _set(file: Path) -> RuleSet:
    try:
        found = valid(RuleSet, file, "", {**read_rules(file), "id": file.stem})
        for pattern in (found.identifier, found.processes, found.typed_processes):
            re.compile(pattern)
    except re.error as error:
        raise RulesError(f"{file}: a pattern can't be read: {error}") from error
    unknown = {s.shipped for s in found.schematrons if s.shipped} - SCHEMATRONS.keys()
    if unknown:
        raise RulesError(
            f"{file}: schematrons: {min(unknown)} is not shipped", f"There are {', '.join(SCHEMATRONS)}."
        )
    return found


def _check_lists(sets: Mapping[str, RuleSet], lists: Mapping[str, frozenset[str]]) -> None:
    for found in sets.values():
        for rule, name in found.code_lists.items():
            if name not in lists:
                raise RulesError(
                    f"rules/{FOLDER}/{found.id}.toml: code_lists.{rule}: there is no list {name}"
                )


def schematron_paths(
    found: RuleSet, syntax: Syntax, paths: Mapping[str, str], root: Path
) -> Iterator[tuple[Schematron, Path | None]]:
    """The schematrons of a set for a syntax, each with its path; None where the settings name none.

    Args:
        found: the set.
        syntax: of the document.
        paths: `[einvoice.schematrons]`, by set id.
        root: what relative paths start from.
    """
    for schematron in found.schematrons:
        if schematron.syntax == syntax:
            named = paths.get(found.key(schematron), "")
            own = SCHEMATRONS[schematron.shipped]() if schematron.shipped else None
            yield schematron, root / Path(named).expanduser() if named else own
