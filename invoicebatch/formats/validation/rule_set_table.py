"""The rule sets of a workspace as a table, for a person to read."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from invoicebatch.formats.validation.official import SCHEMATRONS
from invoicebatch.formats.validation.rule_sets import RuleSet, Schematron, rule_sets, schematron_paths


def rule_set_table(root: Path, paths: Mapping[str, str]) -> pd.DataFrame:
    """The sets of a workspace, one row a schematron: id, title, days, day of publication, identifier, syntax and where it comes from.

    Args:
        root: the workspace.
        paths: `[einvoice.schematrons]`.
    """
    rows = []
    for found in rule_sets(root, frozenset(paths)).sets.values():
        about = {
            "id": found.id,
            "title": found.title,
            "from": str(found.since or ""),
            "until": str(found.until or ""),
            "published": str(found.published or ""),
            "specification": found.specification,
        }
        if not found.schematrons:
            rows.append(
                about | {"syntax": "", "schematron": "none: only the rules of what it extends are run"}
            )
        for syntax in ("ubl", "cii"):
            for schematron, path in schematron_paths(found, syntax, paths, root):
                rows.append(about | {"syntax": syntax, "schematron": _origin(found, schematron, path)})
    return pd.DataFrame(
        rows, columns=["id", "title", "from", "until", "published", "specification", "syntax", "schematron"]
    )


def _origin(found: RuleSet, schematron: Schematron, path: Path | None) -> str:
    if path is None:
        need = ", and its documents wait for it" if found.unknown else ", not run: only our own rules are"
        return f'{schematron.source}; no path named for "{found.key(schematron)}"{need}'
    if schematron.shipped and SCHEMATRONS[schematron.shipped]() == path:
        return f"{schematron.source}: {path.name}"
    return str(path) if path.is_file() else f"{path} (there is no such file)"
