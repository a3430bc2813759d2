"""The command `run ACTION`: one sub-command an action, its options generated from the parameter model."""

import inspect
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

from cyclopts import App, Parameter
from pydantic.fields import FieldInfo

from invoicebatch.actions import find, registry
from invoicebatch.errors import (
    ConfirmationError,
    InvoicebatchError,
    NothingEligibleError,
    UsageError,
)
from invoicebatch.interfaces.cli.common import (
    SOME_NOT_DONE,
    JsonOption,
    ParameterOption,
    Select,
    WorkspaceOption,
    opened,
    pairs,
    print_json,
    print_table,
)
from invoicebatch.model.counted import counted
from invoicebatch.model.params import LISTS, value_type

if TYPE_CHECKING:
    import pandas as pd

    from invoicebatch.engine.plan.choices import Known
    from invoicebatch.engine.plan.plan import Plan
    from invoicebatch.engine.plan.report import Report
    from invoicebatch.model.action import Action

NO_CHOICES: Final["Known"] = {}
MANY_FOLDERS: Final = 6
LISTED: Final = 20
"""Rows shown one by one."""


def run_action(
    action: str,
    select: Select | None = None,
    *,
    given: dict[str, Any] | None = None,
    parameter: ParameterOption = None,
    dry_run: Annotated[bool, Parameter(negative="", help="Show the plan and change nothing")] = False,
    yes: Annotated[
        bool, Parameter(name=["--yes", "-y"], negative="", help="Confirm what asks for it")
    ] = False,
    notebook: Annotated[
        bool, Parameter(negative="", help="Run through the action's notebook; it is kept")
    ] = False,
    background: Annotated[bool, Parameter(negative="", help="Queue it for the worker")] = False,
    test_to: Annotated[
        str | None, Parameter(help="Send the first mails to this address as tests, and change nothing")
    ] = None,
    limit: Annotated[int, Parameter(help="How many tests")] = 3,
    json: JsonOption = False,
    output: Annotated[Path | None, Parameter(name=["--output", "-o"], help="Folder for the files")] = None,
    workspace: WorkspaceOption = None,
) -> int:
    """Run an action on the selected rows."""
    found = find(action)
    values = pairs(parameter, {name: value for name, value in (given or {}).items() if value is not None})
    ws = opened(workspace)
    if notebook and background:
        raise UsageError("A notebook runs here and now, not in the background.", "Leave out one of the two.")
    if test_to is not None and (notebook or background or dry_run):
        raise UsageError("A test is sent here and now, by itself.", "Leave out the other options.")
    if notebook:
        from invoicebatch.interfaces.cli.notebook import run_through_notebook

        return run_through_notebook(
            ws, found, select or Select(), values, dry_run=dry_run, yes=yes, json=json, output=output
        )
    plan = (select or Select()).of(ws).plan(found.name, folder=output or "", **values)
    if test_to is not None:
        from invoicebatch.interfaces.cli.messages import send_test

        return send_test(plan, test_to, limit, json=json)
    if dry_run:
        return _show_plan(plan, json=json)
    if plan.eligible == 0:
        return _nothing(plan, json=json)
    if found.asks(plan.params) and not yes:
        _ask(plan)
    if not background:
        _offer_background(plan, ws.settings.worker.background_rows)
    report = plan.apply(progress=not json, background=background)
    show_report(report, json=json)
    return exit_code(report)


def _offer_background(plan: "Plan", rows: int) -> None:
    """A large run that a worker may do says so."""
    if plan.action.schedulable and rows and plan.eligible >= rows:
        print(f"{plan.eligible:,} rows: with --background the worker does it and you go on.", file=sys.stderr)


def exit_code(report: "Report") -> int:
    """0 where every selected row was done, or is the worker's to do, else 3."""
    return 0 if report.complete or report.handed_on else SOME_NOT_DONE


def _show_plan(plan: "Plan", *, json: bool) -> int:
    if json:
        print_json(plan.to_dict())
    else:
        messages = f", in {plan.counted}" if len(plan.messages) else ""
        print(
            f"{plan.action.label}: {plan.eligible:,} of {plan.selected:,} selected rows{messages}. Nothing was changed."
        )
        for name, frame in plan.preview.items():
            if len(frame):
                print_table(frame, title=name)
        if len(plan.failing) <= LISTED:
            _show_rows("Will fail", plan.failing)
        _show_rows("Refused", plan.refused)
    return 0 if plan.eligible else NothingEligibleError.exit_code


def _nothing(plan: "Plan", *, json: bool) -> int:
    if json:
        print_json(plan.to_dict())
    else:
        print(
            f"{plan.action.label}: none of the {plan.selected:,} selected rows can take it.", file=sys.stderr
        )
        _show_rows("Refused", plan.refused)
    return NothingEligibleError.exit_code


def _ask(plan: "Plan") -> None:
    """Ask for the number of messages, else rows; without a terminal the caller must have said --yes."""
    if not sys.stdin.isatty():
        raise ConfirmationError(
            f"{plan.action.label} of {plan.counted} asks for confirmation.",
            "Confirm with --yes.",
        )
    undone = " This can't be undone." if plan.action.irreversible else ""
    answer = input(f"{plan.action.label}: {plan.counted}.{undone} Type {plan.to_confirm} to go on: ")
    if answer.strip() != str(plan.to_confirm):
        raise ConfirmationError("Not confirmed; nothing was changed.")


def show_report(report: "Report", *, json: bool) -> None:
    """What a run did: failures first."""
    if json:
        print_json(report.to_dict())
        return
    print(report.summary())
    _show_rows("Failed", report.failed)
    _show_rows("Refused", report.refused)
    _show_rows("Unchanged", report.unchanged)
    if len(report.files):
        print(_files(report.files["path"]))
    if report.state == "queued":
        print(f"Run {report.run_id} is queued. A worker runs it: invoicebatch worker")
    elif report.state in ("interrupted", "running"):
        print(f"Run {report.run_id} is {report.state}.")
    else:
        print(f"Run {report.run_id[:8]}")
    for line in report.steps():
        print(line)


def _files(paths: "pd.Series[str]") -> str:
    """One file by its name, several by their folders, with how many are in each."""
    if len(paths) == 1:
        return f"File: {paths.iloc[0]}"
    folders = paths.map(lambda path: str(Path(path).parent)).value_counts(sort=False)
    if len(folders) == 1:
        return f"Files: {len(paths):,}, in {folders.index[0]}"
    listed = ", ".join(f"{folder} ({count:,})" for folder, count in folders.head(MANY_FOLDERS).items())
    more = len(folders) - MANY_FOLDERS
    return f"Files: {len(paths):,}, in {listed}" + (
        f" and {counted(more, 'more folder')}" if more > 0 else ""
    )


def _show_rows(title: str, rows: "pd.DataFrame") -> None:
    """The rows one by one; where they are many, their kinds of reason."""
    if len(rows) > LISTED:
        from invoicebatch.model.reasons import by_kind

        print_table(
            by_kind(rows["reason"])[["rows", "reason"]], title=f"{title}: {len(rows):,}", limit=LISTED
        )
    elif len(rows):
        print_table(rows, title=f"{title}: {len(rows):,}")


HELP: Final = inspect.Parameter(
    "help",
    inspect.Parameter.KEYWORD_ONLY,
    default=False,
    annotation=Annotated[bool, Parameter(name=["--help", "-h"], negative="", help="Show this")],
)


def _option(
    name: str, field: FieldInfo, choices: Mapping[str, str] | None, *, for_help: bool
) -> inspect.Parameter:
    text = field.description or ""
    if choices:
        from invoicebatch.engine.plan.choices import listed

        text += f" [choices: {listed(choices)}]"
    kind: Any = field.annotation
    if not for_help and kind is not bool:  # taken as written: the action's model reads it, as from every face
        kind = list[str] if value_type(kind) in LISTS else str
    optional = Annotated[kind | None, Parameter(help=text, negative="")]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=optional)


def _command(
    action: "Action", choices: "Known" = NO_CHOICES, *, for_help: bool = False
) -> Callable[..., int]:
    """A sub-command: the common options of `run_action` and one option a parameter of the action."""
    left_out = {"action", "given"} | (set() if action.messages else {"test_to", "limit"})
    shared = [p for p in inspect.signature(run_action).parameters.values() if p.name not in left_out]
    fields = action.params.model_fields.items()
    own = [_option(name, field, choices.get(name), for_help=for_help) for name, field in fields]
    names = [p.name for p in own]

    def call(*args: Any, **options: Any) -> int:
        if options.pop("help", False):
            return _show_help(action, options.get("workspace"))
        given = {name: options.pop(name, None) for name in names}
        return run_action(action.name, *args, given=given, **options)

    call.__signature__ = inspect.Signature([*shared, *own, HELP], return_annotation=int)  # type: ignore[attr-defined]
    call.__annotations__ = {p.name: p.annotation for p in (*shared, *own, HELP)}
    call.__doc__ = action.help
    return call


def _show_help(action: "Action", workspace: Path | None) -> int:
    """The options of an action; without a workspace, without the values that only one knows."""
    try:
        choices = opened(workspace).base.choices(action) if action.choices else NO_CHOICES
    except InvoicebatchError:
        choices = NO_CHOICES
    shown = App(
        name=f"invoicebatch run {action.name}", help_format="plaintext", help_flags=(), version_flags=()
    )
    shown.default(_command(action, choices, for_help=True))
    shown.help_print([])
    return 0


def _app(names: Iterable[str]) -> App:
    """The command with a sub-command for each of these actions."""
    made = App(name="run", help="Run an action on the selected rows.", help_format="plaintext")
    for action in map(find, names):
        if not action.hidden:
            dashed = action.name.replace("_", "-")
            alias = dashed if dashed != action.name else None
            made.command(_command(action), name=action.name, alias=alias, help_flags=())
    return made


def __getattr__(name: str) -> App:
    """The command `app`, or `app NAME` with that action alone: to run one need not import them all."""
    what, _, action = name.partition(" ")
    if what != "app":
        raise AttributeError(name)
    action = action.replace("-", "_")
    known = action in registry() and not find(action).hidden
    return _app([action] if known else registry())
