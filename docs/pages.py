"""The pages of the site that are made from the program: actions, conditions, settings, files, commands, errors, glossary."""

import inspect
import re
import sys
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, get_args
from unittest.mock import patch

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from invoicebatch.actions import registry
from invoicebatch.eligibility import load_rules
from invoicebatch.eligibility.ruleset import SELECTION_FACTS
from invoicebatch.formats.validation.rule_set_table import rule_set_table
from invoicebatch.ingest.kinds import KINDS
from invoicebatch.ingest.mapping.model import File, Refuse, Section, Source
from invoicebatch.interfaces.cli.explain import glossary, problems
from invoicebatch.interfaces.cli.main import build
from invoicebatch.model.action import Action
from invoicebatch.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES: Mapping[str, Any] = tomllib.loads((ROOT / "docs" / "actions.toml").read_text("utf-8"))
PLAIN: Mapping[str, Any] = {"where": "status = 'created'", "lead": ""}
"""The example of an action that docs/actions.toml says nothing of."""
IDS = "1,2"
"""Stands in an example for rows that are picked one by one."""


@cache
def generated() -> dict[str, str]:
    """Every generated page by its place in the site, the actions in the order of the bar."""
    offered = {name: registry()[name] for name in RULES.actions if not registry()[name].hidden}
    actions = {f"actions/{name}.md": action_page(action) for name, action in offered.items()}
    return {
        "actions/index.md": actions_index(offered.values()),
        **actions,
        "howto/problems.md": problems_page(),
        "reference/cli.md": commands_page(),
        "reference/settings.md": settings_page(),
        "reference/files.md": files_page(),
        "reference/conditions.md": conditions_page(),
        "reference/rule_sets.md": rule_sets_page(),
        "reference/errors.md": errors_page(),
        "glossary.md": glossary_page(),
    }


RULES = load_rules(None, ROOT / "rules")
FACTS: Mapping[str, Any] = tomllib.loads((ROOT / "rules" / "facts.toml").read_text("utf-8"))


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table of Markdown."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines) + "\n"


def _cell(value: object) -> str:
    return re.sub(r"\s+", " ", str(value)).replace("|", "\\|").replace("<", "&lt;").strip()


def actions_index(actions: Iterable[Action]) -> str:
    """The bar: every action in its group."""
    rows = [
        (action.group_label, f"[{action.label}]({action.name}.md)", f"`{action.name}`", action.help)
        for action in actions
    ]
    return (
        "# The actions\n\nThe bar shows those that apply to what is selected, each with how many rows it applies to. Each page says what "
        "the action asks of a row, its parameters, and how it is done from the command line, Python, a notebook, Excel and the grid.\n\n"
        "An action shares these with all others: a row that can't be done is named with its reason and never blocks the rest; nothing "
        "is done twice; every run is in the journal (`invoicebatch runs`).\n\n"
    ) + table(("Group", "Action", "Name", "What it does"), rows)  # fmt: skip


def action_page(action: Action) -> str:
    """One action: what it asks, its parameters, how it is done from each face, what to do where it is refused."""
    example = EXAMPLES.get(action.name, PLAIN)
    parts = [
        f"# {action.title_in_full or action.label}\n\n`{action.name}`: {action.help}\n\n{example['lead'].strip()}\n",
        _needs(action.name),
        "## Parameters\n\n" + _parameters(action),
        _dialog(action),
        _faces(action, example),
        _after(action),
    ]
    return "\n".join(parts)


def _dialog(action: Action) -> str:
    """The picture that docs/pictures.py made of its dialog."""
    told = f"The dialog of {action.title} ({action.name}) over a few invoices: its fields, its preview, and the button that runs it"
    return f"## Its dialog\n\n![{told}](pictures/{action.name}.png){{ width=680 loading=lazy }}\n"


def _needs(name: str) -> str:
    rule = RULES.rule(name)
    groups = {"": rule.needs, **rule.parts, "the selection as a whole": rule.selection}
    texts = []
    for group, needs in groups.items():
        own = [need for need in needs if need != "not_busy"]
        if own:
            heading = f"**{group[0].upper()}{group[1:]}**\n\n" if group else ""
            rows = [(f"`{need}`", _said(need), glossary()["reasons"].get(need, "")) for need in own]
            texts.append(
                heading + table(("Condition", "Where it does not hold, you read", "What to do"), rows)
            )
    return "## What it asks of a row\n\n" + ("\n".join(texts) or "Nothing but that no other run holds it.\n")


def _said(need: str) -> str:
    if need in SELECTION_FACTS:
        return SELECTION_FACTS[need].summary
    fact = FACTS[need]
    return str(fact.get("summary") or fact["reason"])


def _parameters(action: Action) -> str:
    fields = action.params.model_fields
    if not fields:
        return "None.\n"
    rows = [
        (
            f"`--{name.replace('_', '-')}`",
            _type(field.annotation),
            _default(field, given=name in _set_by(action)),
            field.description or "",
        )
        for name, field in fields.items()
    ]
    return table(("Option", "Kind", "Default", "What it is"), rows)


def _set_by(action: Action) -> frozenset[str]:
    """Parameters whose default follows from settings and date."""
    from datetime import date

    return frozenset(action.defaults(Settings(), date(2026, 1, 1)) if action.defaults else ())


def _default(field: Any, *, given: bool = False) -> str:
    if given:
        return "by settings and date"
    value = field.get_default(call_default_factory=True) if not field.is_required() else PydanticUndefined
    if value is PydanticUndefined:
        return "**required**"
    if isinstance(value, BaseModel):
        return ""
    shown = (
        {None: "", "": "", True: "true", False: "false"}.get(value, value)
        if isinstance(value, str | bool | None)
        else value
    )
    return f"`{shown}`" if shown not in ("", (), {}, []) else ""


_NAMES = {"str": "text", "int": "whole number", "float": "number", "bool": "yes or no", "date": "date", "Decimal": "amount",
          "time": "time of day", "tuple": "list", "dict": "table", "list": "list"}  # fmt: skip


def _type(annotation: Any) -> str:
    args = [each for each in get_args(annotation) if each is not type(None) and each is not Ellipsis]
    if args and all(isinstance(each, str) for each in args):
        return ", ".join(f"`{each}`" for each in args)
    name = getattr(annotation, "__name__", str(annotation))
    if name in ("Optional", "Union", "UnionType", "Annotated") or " | " in str(annotation):
        return _type(args[0])
    return _NAMES.get(name.partition("[")[0], name)


def _faces(action: Action, example: Mapping[str, Any]) -> str:
    given = example.get("params", {})
    chosen = f"--ids {IDS}" if "ids" in example else f'--where "{example["where"]}"'
    python = "ids=[1, 2]" if "ids" in example else f'where="{example["where"]}"'
    options = "".join(f" -p {name}={value}" for name, value in given.items())
    keywords = "".join(f", {name}={_python(value)}" for name, value in given.items())
    group = action.name.partition(".")[0]
    button = f"*{action.group_label}* → *{action.label}*" if "." in action.name else f"*{action.label}*"
    return f"""## How it is done

**Command line.** Why not, which rows, what would happen; without `--dry-run` it is done:

```sh
invoicebatch why {action.name} {chosen} --limit 3
invoicebatch run {action.name} {chosen}{options} --dry-run
```

**Python.**

```python
plan = ws.select({python}).plan("{action.name}"{keywords})
plan.preview, plan.refused
```

`plan.apply()` does it; its report has `done`, `refused`, `failed` and `files`.

**Notebook.** `notebooks/{group}.ipynb`, or any action as the record of its own run:

```
invoicebatch run {action.name} {chosen}{options} --notebook
```

**Excel.** `invoicebatch sheet write select.xlsx {chosen}`, tick rows and choose *{action.label}* in their column *Action*, then
`invoicebatch sheet check select.xlsx` and `invoicebatch sheet run select.xlsx`.

**JupyterLab.** Tick rows in `ws.overview()` and press {button}.
"""


def _python(value: str) -> str:
    return value if value.isdigit() else {"true": "True", "false": "False"}.get(value, f'"{value}"')


def _after(action: Action) -> str:
    names = [name for name in registry() if not registry()[name].hidden]
    nexts = [
        name for wanted in action.after for name in names if name == wanted or name.startswith(f"{wanted}.")
    ]
    text = "## Afterwards\n\n"
    if nexts:
        text += "Next, usually: " + ", ".join(f"[`{name}`]({name}.md)" for name in nexts) + ".\n\n"
    if action.undo in names:
        text += f"Taken back by [`{action.undo}`]({action.undo}.md).\n"
    else:
        text += (
            "It can't be undone.\n"
            if action.irreversible
            else "Nothing takes it back by itself.\n"
            if not action.undo
            else f"Taken back by `{action.undo}`.\n"
        )
    return text + ("It asks for confirmation (`--yes`).\n" if action.confirm else "")


def conditions_page() -> str:
    """Every fact of the rules: its condition, what is said, what to do, who asks for it."""
    users: dict[str, list[str]] = {}
    for name in RULES.actions:
        for need in RULES.rule(name).all_needs if not registry()[name].hidden else ():
            users.setdefault(need, []).append(name)
    rows = [
        (
            f"`{name}`",
            f"`{fact['when']}`",
            fact["reason"],
            glossary()["reasons"][name],
            len(users.get(name, [])),
        )
        for name, fact in FACTS.items()
    ]
    return (
        "# Conditions\n\n`rules/facts.toml` says what can be true of a row, `rules/actions.toml` which of it an action asks for. A workspace "
        "may add conditions and needs in files of the same names; it can't drop ours. `invoicebatch rules` prints the table of actions and "
        "conditions of a workspace, `invoicebatch explain has_email` what to do about one.\n\n"
    ) + table(("Condition", "Holds when", "Else", "What to do", "Actions"), rows)


def problems_page() -> str:
    """Problem and solution."""
    return (
        "# Problem and solution\n\n`invoicebatch doctor --explain` shows this table with how many rows have each problem; "
        "`invoicebatch doctor` audits numbers, files, totals, claims, messages and events. A message of an error ends with its "
        "id: see [errors](../reference/errors.md).\n\n"
    ) + table(
        ("Problem", "Solution", "The rows"),
        [(p["name"], p["solution"], f"`{p['where']}`" if "where" in p else "") for p in problems()],
    )


def commands_page() -> str:
    """Every command with its options, as `--help` has them."""
    with patch.object(sys, "argv", ["invoicebatch"]):  # a usage line names the program that asks
        text = build().generate_docs(output_format="markdown")
    text = re.sub(r"## Table of Contents.*?(?=^## )", "", text, flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r"\(#[^)]*\)", "", text).replace("# invoicebatch\n", "# Command line\n", 1)
    text = re.sub(r"(?<=--install-completion) invoicebatch", "", text)
    codes = "Exit codes: 0 all rows done, 3 some refused or failed (each named), 4 nothing eligible, 2 wrong usage or input, 5 busy, 1 anything else, 130 interrupted. `--json` gives any answer as JSON. `invoicebatch --install-completion` teaches the shell to complete commands.\n"
    return text.replace("\n\n", f"\n\n{codes}\n", 1)


def settings_page() -> str:
    """Every key of invoicebatch.toml."""
    text = (
        "# Settings\n\n`invoicebatch.toml` in the workspace. Each key is also a variable: `INVOICEBATCH_PAYMENT__TERM_DAYS=30`. A secret is "
        "never a setting: a setting names the variable or keyring entry that it is in.\n"
    )
    plain = {name: field for name, field in Settings.model_fields.items() if not _model(field.annotation)}
    return text + "\n" + _keys(plain) + _sections(Settings, "")


def _model(annotation: Any) -> type[BaseModel] | None:
    found = [annotation, *get_args(annotation)]
    return next((each for each in found if isinstance(each, type) and issubclass(each, BaseModel)), None)


def _sections(model: type[BaseModel], above: str) -> str:
    text = ""
    for name, field in model.model_fields.items():
        inner = _model(field.annotation)
        if inner is None:
            continue
        place = f"{above}{name}" + (".NAME" if "dict" in str(field.annotation) else "")
        about = (inner.__doc__ or "").strip().split("\n\n")[0]
        text += f"\n## `[{place}]`\n\n{about}\n\n"
        text += _keys({key: one for key, one in inner.model_fields.items() if not _model(one.annotation)})
        text += _sections(inner, f"{place}.")
    return text


def _keys(fields: Mapping[str, Any]) -> str:
    rows = [
        (f"`{name}`", _type(field.annotation), _default(field), field.description or "")
        for name, field in fields.items()
    ]
    return table(("Key", "Kind", "Default", "What it is"), rows)


def files_page() -> str:
    """Every kind of file with its columns, and every key of a mapping."""
    text = (
        "# Files to import\n\nCSV, Excel, Parquet; UBL and CII by `--kind ubl`. A column is found by its name, whatever its case and blanks; "
        "**bold** ones are required. Amounts may also be given in cents (`total_cents`). Lines need `vat_rate`, or `vat_category` where they bear no VAT; an invoice needs a `company_account_id` where there are several accounts. How to: [your own data](../howto/import.md).\n"
    )
    for kind in KINDS.values():
        names = dict(kind.aliases)
        rows = [
            (
                f"**`{c.name}`**" if c.name in kind.needs else f"`{c.name}`",
                _values(c),
                c.meaning + "".join(f" (also `{a}`)" for a, of in names.items() if of == c.name),
            )
            for c in kind.columns
        ]
        text += f"\n## {kind.name}\n\nRows are told apart by {', '.join(f'`{key}`' for key in kind.key)}.\n\n"
        text += table(("Column", "Kind", "What it is"), rows)
    return text + _mapping_keys()


def _values(column: Any) -> str:
    return ", ".join(f"`{value}`" for value in column.values) if column.choices else str(column.type.value)


def _mapping_keys() -> str:
    text = "\n## Keys of a mapping\n\nA TOML file; `import FILE --guess` proposes one, [its guide](../howto/import.md) shows how to write one.\n"
    for heading, model in (
        ("[file]", File),
        ("[[refuse]]", Refuse),
        ("a column, where it is not a header's name alone", Source),
        ("[SECTION], beside its columns", Section),
    ):
        fields = {
            name: field for name, field in model.model_fields.items() if name not in ("kind", "columns")
        }
        text += f"\n### `{heading}`\n\n{inspect.cleandoc(model.__doc__ or '')}\n\n"
        text += _keys(fields)
    return text


def rule_sets_page() -> str:
    """The rule sets of electronic invoices."""
    shown = ["id", "from", "until", "syntax"]
    frame = rule_set_table(ROOT, {})[shown].astype("object").fillna("")
    return (
        "# Rule sets of e-invoices\n\n`rules/einvoice/` says by which rules a document is checked on which day; a workspace may add sets in a "
        "folder of the same name. `invoicebatch rules einvoice` lists those of a workspace and where their schematrons come from.\n\n"
    ) + table(shown, frame.itertuples(index=False))


def errors_page() -> str:
    """Every kind of error: id, cause and remedy."""
    return (
        "# Errors\n\nThe message of an error says what is wrong, where, and what to do; it ends with an id. `invoicebatch explain IB-FILTER` "
        "says the same as this table. A row that can't be done is no error: it is named in the report, with its reason.\n\n"
    ) + table(
        ("Id", "Cause and remedy"), [(f"`{name}`", text) for name, text in glossary()["errors"].items()]
    )


def glossary_page() -> str:
    """The words of the field and of the product."""
    words = sorted(glossary()["words"].items(), key=lambda item: item[0].lower())
    return (
        "# Glossary\n\n`invoicebatch explain WORD` says the same. BT and BG numbers are terms of EN 16931.\n\n"
        + "\n\n".join(
            f"**{word}**{{ #{word.lower().replace(' ', '-').replace('.', '-')} }}<br>{meaning}"
            for word, meaning in words
        )
        + "\n"
    )
