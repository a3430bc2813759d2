"""What an action says of itself fits the others, the rules and the schema."""

import pytest

from invoicebatch.actions import MAIN_JOB, find, registry
from invoicebatch.eligibility import load_rules
from invoicebatch.files.shipped import shipped
from invoicebatch.model.action import Action
from invoicebatch.model.schema import OVERVIEW
from invoicebatch.model.status import TRANSITIONS

EVERY = pytest.mark.parametrize("action", registry().values(), ids=registry())


def test_actions_and_rules_are_one_to_one() -> None:
    assert set(load_rules(None, shipped("rules")).actions) == set(registry())


@EVERY
def test_steps_that_follow_are_actions_or_groups(action: Action) -> None:
    groups = {one.group for one in registry().values()}
    for name in action.after:
        assert name in registry() or name in groups
    if action.undo:
        assert action.undo in registry()


@EVERY
def test_choices_and_values_of_rows_are_parameters(action: Action) -> None:
    assert {*action.choices, *action.of_rows} <= set(action.params.model_fields)
    assert set(action.of_rows.values()) <= set(OVERVIEW)


@EVERY
def test_a_hidden_action_that_follows_has_a_command(action: Action) -> None:
    """Its command is made of its name and the values that follow from the rows: no other may be required."""
    follows = {name for one in registry().values() for name in (*one.after, one.undo)}
    if action.hidden and action.name in follows:
        required = {name for name, info in action.params.model_fields.items() if info.is_required()}
        assert required == set(action.of_rows) != set()


@EVERY
def test_an_outcome_is_a_value_its_column_can_have(action: Action) -> None:
    column, value = action.outcome or ("status", "deleted")
    assert value in (*OVERVIEW[column].column.values, "deleted")
    if action.name in TRANSITIONS:
        assert value in {after for _, after in TRANSITIONS[action.name]}


@EVERY
def test_facts_that_it_waives_or_that_must_last_are_among_its_needs(action: Action) -> None:
    needs = set(load_rules(None, shipped("rules")).rule(action.name).all_needs)
    assert {fact for facts in action.waives.values() for fact in facts} <= needs
    assert set(action.lasting) <= needs
    assert set(action.waives) <= set(action.params.model_fields)


def test_what_takes_back_is_taken_back_by_the_other() -> None:
    for name in ("mark_as.exported", "mark_as.shipped"):
        assert find(find(name).undo).undo == name


def test_groups_are_called_like_their_actions_names() -> None:
    labels = {action.group: action.group_label for action in registry().values()}
    assert labels["mark_as"] == "Mark as"
    assert labels["approve"] == find("approve").label


def test_the_main_job_is_made_of_actions() -> None:
    for name, params in MAIN_JOB:
        find(name).params.model_validate(params)


def test_a_title_says_what_is_done_without_its_group_beside_it() -> None:
    titles = [action.title for action in registry().values()]
    assert sorted(set(titles)) == sorted(titles)
    assert all(
        " " in title or title in {"Approve", "Create", "Credit", "Delete", "Regenerate", "Send"}
        for title in titles
    )
