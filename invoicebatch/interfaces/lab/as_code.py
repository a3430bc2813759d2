"""Every click as code: the same run as Python, as a command, and as a notebook.

Pure text; the wording follows the public API and the command line.
"""

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

SHORT: Final = 200
"""So many ids are written out; more travel as a file."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is selected, as code can say it: a filter, ids, or a file of ids."""

    ids: Sequence[int]
    where: str = ""
    file: str = ""


@dataclass(frozen=True, slots=True)
class Click:
    """One run a person made or is about to make."""

    location: str
    action: str
    label: str
    params: Mapping[str, Any]
    chosen: Chosen


def _literal(value: Any) -> str:
    """A value as Python: a date, or what JSON has (`repr` writes that so that it can't say more)."""
    if isinstance(value, date):
        return f"date({value.year}, {value.month}, {value.day})"
    return repr(json.loads(json.dumps(value)))


def _select(chosen: Chosen) -> str:
    if chosen.where:
        return f"ws.select(where={chosen.where!r})"
    if chosen.file:
        return f"ws.select(ids=[int(one) for one in Path({chosen.file!r}).read_text().split()])"
    return f"ws.select(ids={list(chosen.ids)!r})"


def _plan(click: Click) -> str:
    params = "".join(f", {name}={_literal(value)}" for name, value in click.params.items())
    return f"plan = sel.plan({click.action!r}{params})"


def _imports(click: Click) -> str:
    standard = ["from datetime import date"] if "date(" in _plan(click) else []
    standard += ["from pathlib import Path"] if click.chosen.file else []
    return "\n".join([*standard, *([""] if standard else []), "import invoicebatch as ib"])


def python(click: Click) -> str:
    """The run as Python."""
    return "\n".join(
        (
            _imports(click),
            "",
            f"ws = ib.open({click.location!r})",
            f"sel = {_select(click.chosen)}",
            _plan(click),
            "report = plan.apply(progress=True)",
            "report",
        )
    )


def command(click: Click) -> str:
    """The run as a command, to paste into a terminal."""
    words = ["invoicebatch", "run", click.action, "-w", click.location]
    if click.chosen.where:
        words += ["--where", click.chosen.where]
    elif click.chosen.file:
        words += ["--ids", f"@{click.chosen.file}"]
    else:
        words += ["--ids", ",".join(str(one) for one in click.chosen.ids)]
    for name, value in click.params.items():
        text = json.dumps(value) if isinstance(value, (list, dict, bool)) else str(value)
        words += ["-p", f"{name}={text}"]
    return shlex.join([*words, "--yes"])


def _cell(number: int, kind: str, text: str) -> dict[str, Any]:
    cell = {"id": f"cell-{number}", "cell_type": kind, "metadata": {}, "source": text}
    return cell | ({"execution_count": None, "outputs": []} if kind == "code" else {})


def notebook(click: Click) -> str:
    """The run as a notebook (nbformat 4.5): select, preview, apply, each a cell of its own."""
    select = (
        f"{_imports(click)}\n\nws = ib.open({click.location!r})\nsel = {_select(click.chosen)}\nsel.frame"
    )
    texts = [
        ("markdown", f"# {click.label}\n\nThe rows selected in the overview, previewed, then run."),
        ("code", select),
        ("markdown", "What does not apply to these rows, and why."),
        ("code", f"sel.why({click.action!r})"),
        ("code", f"{_plan(click)}\nplan.preview"),
        ("markdown", "Running this cell carries it out."),
        ("code", "report = plan.apply(progress=True)\nreport"),
    ]
    cells = [_cell(number, kind, text) for number, (kind, text) in enumerate(texts)]
    book = {"cells": cells, "metadata": {"kernelspec": _KERNEL}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(book, indent=1, ensure_ascii=False) + "\n"


TEXTS: Final = {"python": python, "command": command}
"""The run as a text, by what is asked for."""

_KERNEL: Final = {"name": "python3", "display_name": "Python 3", "language": "python"}
