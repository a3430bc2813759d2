"""Rule files → `Rules`: the shipped ones are the floor, a workspace's own can only tighten them.

Every fault names file, key and, where there is one, column; nothing is guessed.
"""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from invoicebatch.eligibility.rules import Rules
from invoicebatch.eligibility.ruleset import (
    MAX_FACTS,
    RULE_WORDS,
    SELECTION_FACTS,
    ActionRule,
    Fact,
    row_fact,
)
from invoicebatch.eligibility.status_limits import check_floor
from invoicebatch.eligibility.template import parse_template
from invoicebatch.errors import RulesError
from invoicebatch.expressions import ExpressionError, compile_expression
from invoicebatch.files.rule_tables import parsed_tables

FACTS_FILE: Final = "facts.toml"
ACTIONS_FILE: Final = "actions.toml"
_EVERY_ACTION: Final = "every_action"
_FACT_KEYS: Final = frozenset({"when", "reason", "summary", "presupposes"})
_ACTION_KEYS: Final = frozenset({"needs", "selection", "parts"})


def load_rules(folder: Path | None, shipped: Path) -> Rules:
    """The rules of a workspace.

    Args:
        folder: the workspace's `rules/`; it may add facts, reword reasons and add needs. None,
            or a folder without the files: the shipped rules.
        shipped: folder of the rules that come with the package.

    Raises:
        RulesError: a file can't be read, or a key in it is wrong.
    """
    facts: dict[str, Fact] = {}
    _add_facts(shipped / FACTS_FILE, facts, {})
    sources = dict.fromkeys(facts, shipped / FACTS_FILE)
    own = _own_files(folder, shipped)
    if own is not None and (own / FACTS_FILE).is_file():
        _add_facts(own / FACTS_FILE, facts, sources)
    actions = dict(_actions(shipped / ACTIONS_FILE, facts, {}))
    notes: tuple[str, ...] = ()
    if own is not None and (own / ACTIONS_FILE).is_file():
        actions, notes = _tightened(own / ACTIONS_FILE, facts, actions)
    every = _of_every_action(shipped / ACTIONS_FILE, facts)
    actions = {name: replace(rule, needs=_joined(every, rule.needs)) for name, rule in actions.items()}
    rules = Rules(facts, actions, sources, notes)
    file = own / ACTIONS_FILE if own and (own / ACTIONS_FILE).is_file() else shipped / ACTIONS_FILE
    if len(rules.bits) > MAX_FACTS:
        raise RulesError(
            f"{file}: the actions ask for {len(rules.bits)} facts, at most {MAX_FACTS} are possible",
            "Join facts that are always asked for together into one, with `and`.",
        )
    check_floor(rules, file)
    return rules


def _own_files(folder: Path | None, shipped: Path) -> Path | None:
    if folder is None or folder.resolve() == shipped.resolve():
        return None
    return folder


def _read(file: Path) -> dict[str, Any]:
    try:
        return parsed_tables(file.read_text(encoding="utf-8-sig"))
    except tomllib.TOMLDecodeError as error:
        raise RulesError(f"{file} is not valid TOML: {error}", "A key may stand only once.") from error
    except UnicodeDecodeError as error:
        raise RulesError(f"{file} is not UTF-8 text: {error}") from error
    except OSError as error:
        raise RulesError(f"{file} can't be read: {error.strerror or error}") from error


def _table(file: Path, key: str, value: Any, allowed: frozenset[str]) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise RulesError(f"{file}: {key} must be a table")
    for unknown in value.keys() - allowed:
        raise RulesError(f"{file}: {key}.{unknown} is no known key", f"Known: {', '.join(sorted(allowed))}.")
    return value


def _facts(file: Path) -> Iterator[tuple[str, Fact]]:
    for name, value in _read(file).items():
        if name in SELECTION_FACTS:
            raise RulesError(
                f"{file}: {name} is a fact of the selection and can't be redefined", "Use another name."
            )
        table = _table(file, name, value, _FACT_KEYS)
        when, reason = (_text(file, f"{name}.{key}", table.get(key)) for key in ("when", "reason"))
        summary = _text(file, f"{name}.summary", table["summary"]) if "summary" in table else ""
        presupposes = table.get("presupposes", [])
        if not isinstance(presupposes, list) or not all(isinstance(one, str) for one in presupposes):
            raise RulesError(f"{file}: {name}.presupposes must be a list of facts")
        yield name, _fact(file, name, when, reason, summary, tuple(presupposes))


def _fact(file: Path, name: str, when: str, reason: str, summary: str, presupposes: tuple[str, ...]) -> Fact:
    try:
        condition = compile_expression(when, RULE_WORDS)
    except ExpressionError as error:
        raise RulesError(f"{file}: {name}.when: {error}", f"when = {when!r}") from error
    try:
        return row_fact(name, condition, parse_template(reason), summary, presupposes)
    except ExpressionError as error:
        raise RulesError(f"{file}: {name}.reason: {error}", f"reason = {reason!r}") from error


def _text(file: Path, key: str, value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise RulesError(f"{file}: {key} must be a text")
    return value


def _add_facts(file: Path, facts: dict[str, Fact], sources: dict[str, Path]) -> None:
    for name, fact in _facts(file):
        shipped = facts[name].condition if name in facts else None
        if shipped and fact.condition and shipped.plain != fact.condition.plain:
            raise RulesError(
                f"{file}: {name}.when differs from the fact that invoicebatch ships",
                f"Shipped: {shipped.text}. Give your own fact another name and add it to the needs.",
            )
        for other in fact.presupposes:  # known already, so that no fact presupposes itself
            if other not in facts or other == name:
                raise RulesError(
                    f"{file}: {name}.presupposes: there is no fact {other} above it", _nearest(other, facts)
                )
        facts[name] = fact
        sources[name] = file


def _of_every_action(file: Path, facts: Mapping[str, Fact]) -> tuple[str, ...]:
    return _names(file, _EVERY_ACTION, _read(file).get(_EVERY_ACTION, []), facts)


def _actions(
    file: Path, facts: Mapping[str, Fact], floor: Mapping[str, ActionRule]
) -> Iterator[tuple[str, ActionRule]]:
    """The actions of a file; what one does not name at all is as in `floor`."""
    for name, table in _action_tables(file, "", _read(file)):
        yield name, _action(file, table, facts, floor.get(name, ActionRule(name, ())))


def _action_tables(file: Path, prefix: str, tables: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Actions and groups: a table with `needs` is an action, one of tables only is a group."""
    for key, value in tables.items():
        name = f"{prefix}{key}"
        if name == _EVERY_ACTION:
            continue
        if not prefix and _is_group(value):
            yield from _action_tables(file, f"{name}.", value)
        elif not isinstance(value, dict) or not value.keys() & _ACTION_KEYS:
            raise RulesError(f"{file}: {name} must be a table with needs", 'Such as needs = ["is_created"].')
        else:
            yield name, value


def _is_group(value: Any) -> bool:
    tables = isinstance(value, dict) and value and "parts" not in value
    return bool(tables) and all(isinstance(inner, dict) for inner in value.values())


def _action(file: Path, value: Any, facts: Mapping[str, Fact], floor: ActionRule) -> ActionRule:
    name = floor.name
    table = _table(file, name, value, _ACTION_KEYS)
    parts = table.get("parts", {})
    if not isinstance(parts, dict):
        raise RulesError(f"{file}: {name}.parts must be a table")
    return ActionRule(
        name,
        _names(file, f"{name}.needs", table.get("needs", list(floor.needs)), facts),
        _names(file, f"{name}.selection", table.get("selection", list(floor.selection)), SELECTION_FACTS),
        {part: _part(file, f"{name}.parts.{part}", content, facts) for part, content in parts.items()},
    )


def _part(file: Path, key: str, value: Any, facts: Mapping[str, Fact]) -> tuple[str, ...]:
    table = _table(file, key, value, frozenset({"needs"}))
    return _names(file, f"{key}.needs", table.get("needs", []), facts)


def _names(file: Path, key: str, value: Any, known: Mapping[str, Fact]) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise RulesError(f"{file}: {key} must be a list of facts")
    for name in value:
        if name not in known:
            raise RulesError(f"{file}: {key}: there is no fact {name}", _nearest(name, known))
    repeated = [name for name in value if value.count(name) > 1]
    if repeated:
        raise RulesError(f"{file}: {key}: {repeated[0]} stands twice")
    return tuple(value)


def _nearest(name: str, known: Mapping[str, Any]) -> str:
    if name in SELECTION_FACTS:
        return "It is a fact of the selection: put it under selection = […]."
    near = get_close_matches(name, known, n=3)
    return f"Did you mean {' or '.join(near)}?" if near else f"Known: {', '.join(known)}."


def _tightened(
    file: Path, facts: Mapping[str, Fact], shipped: Mapping[str, ActionRule]
) -> tuple[dict[str, ActionRule], tuple[str, ...]]:
    """The shipped actions with a workspace's further needs, and notes on what it left out."""
    merged, notes = dict(shipped), list[str]()
    for name, own in _actions(file, facts, shipped):
        if name not in shipped:
            raise RulesError(f"{file}: there is no action {name}", _nearest(name, shipped))
        merged[name], left_out = _merge(file, shipped[name], own)
        notes += [f"{file}: {name} leaves out {need}; it is asked for all the same" for need in left_out]
    return merged, tuple(notes)


def _merge(file: Path, floor: ActionRule, own: ActionRule) -> tuple[ActionRule, list[str]]:
    unknown = [part for part in own.parts if part not in floor.parts]
    if unknown:
        raise RulesError(
            f"{file}: {floor.name}.parts.{unknown[0]} is no part of this action",
            f"Parts: {', '.join(floor.parts) or 'none'}.",
        )
    left_out = [*_without(floor.needs, own.needs), *_without(floor.selection, own.selection)]
    left_out += [n for part in own.parts for n in _without(floor.parts[part], own.parts[part])]
    parts = {part: _joined(needs, own.parts.get(part, ())) for part, needs in floor.parts.items()}
    merged = replace(
        floor,
        needs=_joined(floor.needs, own.needs),
        selection=_joined(floor.selection, own.selection),
        parts=parts,
    )
    return merged, left_out


def _joined(floor: Sequence[str], own: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*floor, *own]))


def _without(floor: Sequence[str], own: Sequence[str]) -> list[str]:
    return [need for need in floor if need not in own]
