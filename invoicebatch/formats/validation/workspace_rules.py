"""By what the electronic invoices of a workspace are checked: its rule sets, and the schematrons of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from invoicebatch.formats.validation.rule_sets import (
    STANDARD,
    RuleSet,
    RuleSets,
    Syntax,
    rule_sets,
    schematron_paths,
)
from invoicebatch.model.action import Context
from invoicebatch.settings import EInvoice

Sheets = tuple[Path, ...]
"""Paths of the schematrons that a document is asked by."""

_PEPPOL_RULES: Final = b"PEPPOL-EN16931"
_PEPPOL: Final = "peppol"


@dataclass(frozen=True, slots=True)
class WorkspaceRules:
    """Settings and root of a workspace; plain values, so they can go to a worker process."""

    settings: EInvoice
    root: Path

    @classmethod
    def of(cls, ctx: Context) -> "WorkspaceRules":
        """Those that an action is lent."""
        return cls(ctx.settings.einvoice, ctx.root)

    @property
    def sets(self) -> RuleSets:
        """The shipped sets and the workspace's own."""
        return rule_sets(self.root, frozenset(self.settings.schematrons))

    def sheets(self, syntax: Syntax) -> Mapping[str, Sheets]:
        """The schematrons of each set, by its id."""
        return {found.id: self._of(found, syntax) for found in self.sets.sets.values()}

    def _of(self, found: RuleSet, syntax: Syntax) -> Sheets:
        """The standard's, where the set keeps to it, its own, and those the settings name besides."""
        standard = self.sets.on(STANDARD, None)
        asked = [standard, found] if found.keeps_standard else [found]
        own = [
            path
            for each in dict.fromkeys(rules.id for rules in asked)
            for _, path in schematron_paths(
                self.sets.sets[each], syntax, self.settings.schematrons, self.root
            )
            if path is not None
        ]
        further = [self.root / Path(path).expanduser() for path in self.settings.schematron]
        kept = (path for path in further if found.family == _PEPPOL or not _is_peppols(path))
        return (*own, *(kept if syntax == "ubl" else ()))


@lru_cache(maxsize=64)
def _is_peppols(path: Path) -> bool:
    """Peppol's own rules are asked only of documents that follow Peppol."""
    return path.is_file() and _PEPPOL_RULES in path.read_bytes()
