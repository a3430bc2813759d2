"""The head of an executed notebook: who did what, when and with which result, in words; its code folded."""

import html
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pandas as pd

from invoicebatch.actions import find
from invoicebatch.errors import UnknownNameError
from invoicebatch.files.whole import write_whole
from invoicebatch.model.reasons import by_kind, of_kind

_FEW: Final = 5
_QUIET: Final = ("workspace", "parameters")


def with_head(
    notebook: Path, given: Mapping[str, Any], results: Sequence[Any], user: str, at: datetime
) -> None:
    """Put a summary before the first cell of an executed notebook, and fold its code."""
    content = json.loads(notebook.read_text(encoding="utf-8"))
    for cell in content["cells"]:
        if cell["cell_type"] == "code":
            cell["metadata"]["jupyter"] = cell["metadata"].get("jupyter", {}) | {"source_hidden": True}
            tags = cell["metadata"].get("tags", [])
            cell["metadata"]["tags"] = [*tags, *(tag for tag in ("hide_input",) if tag not in tags)]
    text = "\n".join(_lines(given, results, user, at))
    head = {"cell_type": "markdown", "id": "summary", "metadata": {"tags": ["summary"]}, "source": text}
    content["cells"].insert(0, head)
    write_whole(notebook, json.dumps(content, indent=1), on_clash="replace")


def _lines(given: Mapping[str, Any], results: Sequence[Any], user: str, at: datetime) -> list[str]:
    said = [
        f"{name.replace('_', ' ')}: {value}"
        for name, value in ({**given, **(given.get("parameters") or {})}).items()
        if name not in _QUIET and value not in (None, "", False)
    ]
    facts = [
        ("Who and when", f"{user}, {at:%Y-%m-%d %H:%M} UTC"),
        ("Workspace", str(given["workspace"])),
        ("Asked for", "; ".join(said) or "nothing beyond the defaults"),
    ]
    lines = ["| | |", "|:--|:--|", *(f"| **{name}** | {_plain(value)} |" for name, value in facts)]
    for result in results:
        if isinstance(result, Mapping) and {"action", "selected", "done"} <= set(result):
            lines += [f"| **{_plain(_label(str(result['action'])))}** | {_plain(_outcome(result))} |"]
            lines += [f"| | {_plain(line)} |" for line in _reasons(result)]
    return lines


def _label(action: str) -> str:
    try:
        return find(action).label
    except UnknownNameError:
        return action


def _outcome(result: Mapping[str, Any]) -> str:
    """``37 of 40 done, 2 refused, 1 failed; EUR 4,477.00``."""
    counts = [f"{result['done']:,} of {result['selected']:,} done"]
    counts += [f"{len(result[name]):,} {name}" for name in ("refused", "failed") if result.get(name)]
    amounts = [f"{name.replace('_', ' ')} {value}" for name, value in (result.get("totals") or {}).items()]
    dry = "; nothing was changed" if result.get("state") in ("planned", "nothing_eligible") else ""
    return ", ".join(counts) + "".join(f"; {amount}" for amount in amounts) + dry


def _reasons(result: Mapping[str, Any]) -> list[str]:
    """A line for each kind of reason: how many rows, and the numbers of the first."""
    lines = []
    for outcome in ("failed", "refused"):
        rows = pd.DataFrame(result.get(outcome) or [], columns=["invoice_id", "number", "reason"])
        reasons = rows["reason"].astype("str")
        for kind in by_kind(reasons).itertuples():
            own = rows.loc[of_kind(reasons, str(kind.reason)).index]
            names = own["number"].where(own["number"].notna(), "invoice " + own["invoice_id"].astype("str"))
            more = ", …" if len(own) > _FEW else ""
            lines.append(f"{len(own):,} {outcome}: {kind.reason} ({', '.join(names.head(_FEW))}{more})")
    return lines


def _plain(text: str) -> str:
    """Text that is nothing but text in a cell of a Markdown table."""
    plain = " ".join(html.escape(text).split())
    return "".join(f"&#{ord(char)};" if char in "|*_`[]\\$~" else char for char in plain)
