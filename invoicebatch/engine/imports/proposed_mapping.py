"""A mapping proposed for a foreign file, written down and tried on the file; nothing is imported."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd

from invoicebatch.engine.base.workspace_base import WorkspaceBase
from invoicebatch.engine.imports.import_files import document_defaults
from invoicebatch.engine.plan.records import records
from invoicebatch.errors import InputFileError, UsageError
from invoicebatch.files.whole import write_whole
from invoicebatch.ingest.guess import Known, Proposal, propose
from invoicebatch.ingest.intake import Intake, read_files
from invoicebatch.ingest.mapping.model import parse_mapping

_REFUSED: Final = ["file", "row", "column", "value", "reason"]


@dataclass(frozen=True)
class ProposedMapping:
    """A proposal, and what an import with it would do as it stands.

    Attributes:
        path: where it was written.
        proposal: the mapping, its doubts, and the columns that it leaves out.
        counts: rows of each table that the import would take: table str; rows int64.
        refused: cells that it would refuse, as an import's report has them.
        fault: why it could not be imported at all; empty: it could.
    """

    path: Path
    proposal: Proposal
    counts: pd.DataFrame
    refused: pd.DataFrame
    fault: str

    def to_dict(self) -> dict[str, Any]:
        """The proposal as the command line's JSON."""
        return {
            "mapping": str(self.path),
            "kinds": list(self.proposal.kinds),
            "doubts": list(self.proposal.doubts),
            "unread": list(self.proposal.unread),
            "tables": records(self.counts),
            "refused": records(self.refused),
            "fault": self.fault,
        }


def propose_mapping(
    workspace: WorkspaceBase, path: Path, kind: str | None, to: Path | None
) -> ProposedMapping:
    """Propose a mapping for a file, write it down and try it; nothing is imported.

    Args:
        workspace: knows the company accounts, and keeps mappings in rules/mappings.
        path: CSV, Excel or Parquet.
        kind: what the file holds; None: told from its columns.
        to: where the mapping is written; None: rules/mappings, under the file's name.

    Raises:
        InputFileError: the file can't be read, or what it holds can't be told.
        UsageError: there is a mapping of that name.
    """
    to = to or workspace.root / "rules" / "mappings" / f"{path.stem}.toml"
    if to.exists():
        raise UsageError(f"There is a mapping {to} already.", "Remove it, or name another file with --map.")
    with workspace.store.read() as session:
        accounts = session.whole("company_accounts")
    proposal = propose(path, Known(tuple(accounts["company_account_id"])), kind)
    counts, refused, fault = _tried(path, proposal, document_defaults(accounts))
    return ProposedMapping(write_whole(to, proposal.toml), proposal, counts, refused, fault)


def _tried(
    path: Path, proposal: Proposal, defaults: dict[str, Any]
) -> tuple[pd.DataFrame, pd.DataFrame, str]:
    """What an import would take and refuse."""
    mapping = parse_mapping(tomllib.loads(proposal.toml), f"the proposal for {path.name}")
    try:
        intake = read_files([path], mapping=mapping, defaults=defaults)
    except InputFileError as error:
        return pd.DataFrame({"table": [], "rows": []}), pd.DataFrame(columns=_REFUSED), str(error)
    return _counts(intake), intake.refused[_REFUSED], ""


def _counts(intake: Intake) -> pd.DataFrame:
    frames = intake.frames | {f"{name} (new ones)": frame for name, frame in intake.fallbacks.items()}
    return pd.DataFrame({"table": list(frames), "rows": [len(frame) for frame in frames.values()]})
