"""The head of an executed notebook: who did what, when and with which result, in words; its code folded."""

import html
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pandas as pd

from invoicebatch.actions import registry
from invoicebatch.files.whole import write_whole
from invoicebatch.interfaces.api import open_workspace
from invoicebatch.interfaces.notebook.about import About, about, reasons, worth
from invoicebatch.model.action import Action
from invoicebatch.model.counted import counted
from invoicebatch.model.params import said
from invoicebatch.model.readable import in_words
from invoicebatch.model.words import words

_NOT_ASKED: Final = ("workspace", "parameters", "action")
_SELECTION: Final = ("where", "ids", "numbers", "sheet")
_FEW: Final = 5


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
    runs = [one for one in results if isinstance(one, Mapping) and {"action", "selected", "done"} <= set(one)]
    facts = {
        "Who and when": f"{user}, {at:%Y-%m-%d %H:%M} UTC",
        "Workspace": str(given["workspace"]),
        **_asked(given, [str(run["action"]) for run in runs]),
    }
    lines = ["| | |", "|:--|:--|", *(_row(f"**{_plain(name)}**", value) for name, value in facts.items())]
    tables = []
    for run in runs:
        rows = {outcome: _rows(run, outcome) for outcome in ("refused", "failed")}
        known = about(open_workspace(given["workspace"]).base, pd.concat(rows.values())["invoice_id"])
        lines.append(_row(f"**{_plain(_label(str(run['action'])))}**", _outcome(run, rows, known)))
        tables += [
            line for outcome in ("failed", "refused") for line in _table(outcome, rows[outcome], known)
        ]
    return [*lines, *tables]


def _asked(given: Mapping[str, Any], ran: Sequence[str]) -> dict[str, str]:
    """What was asked for, by label: which invoices, then the parameters of the actions that ran."""
    values = {**given, **(given.get("parameters") or {})}
    values = {
        name: value
        for name, value in values.items()
        if name not in _NOT_ASKED and value not in (None, "", False, [], {})
    }
    told: dict[str, str] = {}
    if way := next((name for name in _SELECTION if name in values), ""):
        told["Invoices"] = _selection(way, values.pop(way))
    actions = [
        registry()[name] for name in {str(given.get("action")): 0, **dict.fromkeys(ran)} if name in registry()
    ]
    for action in actions:
        told |= said(action.params, values, _known(given, action))
    own = {name for action in actions for name in action.params.model_fields}
    rest = {words(name): in_words(value) for name, value in values.items() if name not in own}
    return {**told, **rest} or {"Asked for": "nothing beyond the defaults"}


def _known(given: Mapping[str, Any], action: Action) -> dict[str, dict[str, str]]:
    return open_workspace(given["workspace"]).base.choices(action) if action.choices else {}


def _selection(way: str, value: Any) -> str:
    if way == "where":
        return f"where {value}"
    if way == "sheet" or isinstance(value, str):
        return f"those of {value}"
    more = f" and {len(value) - _FEW:,} more" if len(value) > _FEW else ""
    ids = "with the id " if way == "ids" else ""
    return f"{ids}{', '.join(map(str, value[:_FEW]))}{more}"


def _label(action: str) -> str:
    return registry()[action].title if action in registry() else words(action)


def _rows(run: Mapping[str, Any], outcome: str) -> pd.DataFrame:
    """The rows of a result that came to this: invoice_id int64, number, reason str."""
    rows = pd.DataFrame(run.get(outcome) or [], columns=["invoice_id", "number", "reason"])
    return rows.astype({"invoice_id": "int64", "number": "str", "reason": "str"})


def _outcome(run: Mapping[str, Any], rows: Mapping[str, pd.DataFrame], known: About) -> str:
    """``37 of 40 done, EUR 4,477.00; 2 refused, EUR 121.00``; of a dry run what would be done."""
    planned = run.get("state") in ("planned", "nothing_eligible") and "eligible" in run
    number, word = (run["eligible"], "would be done") if planned else (run["done"], "done")
    done = f"{number:,} of {run['selected']:,} {word}"
    totals = [_total(name, value) for name, value in (run.get("totals") or {}).items()]
    parts = [", ".join([done, *totals])]
    parts += [f"{len(one):,} {outcome}{_amount(one, known)}" for outcome, one in rows.items() if len(one)]
    return "; ".join(parts + ["nothing was changed"] * planned)


def _amount(rows: pd.DataFrame, known: About) -> str:
    sums = worth(rows["invoice_id"], known)
    return f", {sums}" if sums else ""


def _total(name: str, value: Any) -> str:
    """``EUR 4,477.00``, ``collections 1,210.00``, ``3 messages``."""
    if isinstance(value, str):
        whole, _, cents = value.partition(".")
        return f"{name.replace('_', ' ')} {int(whole):,}{'.' if cents else ''}{cents}"
    return f"{name.replace('_', ' ')} {value:,}"


def _table(outcome: str, rows: pd.DataFrame, known: About) -> Iterator[str]:
    """The kinds of reason as a table: how many, worth what, and which first."""
    if rows.empty:
        return
    yield from ("", f"**{outcome.capitalize()}: {counted(len(rows), 'invoice')}**", "")
    yield from ("| Invoices | Amount | Reason | Which |", "|--:|--:|:--|:--|")
    for kind in reasons(rows, known).itertuples():
        yield _row(f"{kind.invoices:,}", str(kind.amount), str(kind.reason), str(kind.which))


def _row(first: str, *cells: str) -> str:
    """A line of a Markdown table; its first cell is written as it is."""
    return f"| {' | '.join([first, *map(_plain, cells)])} |"


def _plain(text: str) -> str:
    """Text that is nothing but text in a cell of a Markdown table."""
    plain = " ".join(html.escape(text).split())
    return "".join(f"&#{ord(char)};" if char in "|*_`[]\\$~" else char for char in plain)
