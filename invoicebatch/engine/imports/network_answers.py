"""What comes back from the networks: answers of buyers (XML) and the access point's reports (JSON), each taken once."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from invoicebatch.engine.base.workspace_base import WorkspaceBase
from invoicebatch.engine.imports import access_point_reports, buyer_answers
from invoicebatch.engine.imports.access_point_reports import SUFFIX, reports_in
from invoicebatch.engine.imports.buyer_answers import ANSWERS, TAKEN


def import_answers(workspace: WorkspaceBase, paths: Sequence[Path]) -> pd.DataFrame:
    """Bring answers and reports to their invoices; one row each as `buyer_answers.import_answers` gives it.

    Raises:
        InputFileError: a path does not exist or can't be read.
    """
    reports = reports_in(paths)
    others = [path for path in paths if path.suffix.lower() != SUFFIX]
    found = [buyer_answers.import_answers(workspace, others)] if others or not reports else []
    found += [access_point_reports.import_reports(workspace, reports)] if reports else []
    return pd.concat(found, ignore_index=True)


def poll_answers(workspace: WorkspaceBase) -> pd.DataFrame:
    """Take what lies in the folder `answers` beside the e-invoices' hot folder; see `import_answers`.

    Files stay where they are: what was taken before changes nothing.
    """
    folder = workspace.data / workspace.settings.einvoice.folder / ANSWERS
    answers = buyer_answers.poll_answers(workspace, folder)
    reports = reports_in([folder]) if folder.is_dir() else []
    if not reports:
        return answers
    told = access_point_reports.import_reports(workspace, reports)
    return pd.concat([answers, told[told["outcome"] == TAKEN]], ignore_index=True)
