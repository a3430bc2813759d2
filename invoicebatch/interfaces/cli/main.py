"""Entry point of the command line: the commands by name, loaded when called, and the exit codes.

0 all rows done; 3 some refused or failed; 2 usage or bad input; 4 nothing eligible; 5 busy; 1 unexpected.
"""

import gc
import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from threading import Thread
from typing import Annotated, Final, Literal

from cyclopts import App, CoercionError, CycloptsError, Parameter

from invoicebatch.errors import InvoicebatchError, UsageError

_CLI: Final = "invoicebatch.interfaces.cli"

COMMANDS: Final = (
    ("init", "workspace_commands:init", "Make a workspace, with sample data if wanted."),
    (
        "import",
        "workspace_commands:import_files",
        "Import invoices, lines, customers, mandates, accounts, readings, payments, open items.",
    ),
    ("list", "select:list_invoices", "List invoices."),
    ("actions", "select:actions", "The action bar: which actions apply to how many of the selected rows."),
    ("why", "select:why", "Why an action does not apply to some rows."),
    ("review", "review:review", "What is odd about invoices before they are approved, and why."),
    ("compare", "compare:compare", "Compare two billing runs: who is missing, who is new, what moved."),
    ("run", "run_action:app", "Run an action on the selected rows."),
    ("resume", "runs:resume", "Finish runs that were interrupted."),
    ("abandon", "runs:abandon", "Give up an interrupted run that can't go on."),
    ("runs", "runs:runs", "List the runs."),
    ("show", "runs:show", "Show what a run did."),
    ("detail", "detail:detail", "An invoice with all that belongs to it, and what can be done with it."),
    ("history", "history:history", "What happened to an invoice: who, when, what changed, files, messages."),
    ("audit", "audit:app", "Audit packs: write, verify; the head of the chain of events."),
    (
        "payments",
        "payments:app",
        "Payment bundles and customers' payments: list, write, confirm, import, incoming, match.",
    ),
    ("einvoice", "einvoice:app", "Electronic invoices: import what buyers answered, attach files."),
    ("outbox", "outbox:app", "Messages: list, resend, mark-sent, poll, import-bounces, accept-address."),
    ("worker", "worker:worker", "Run queued runs and due jobs in the background."),
    ("jobs", "worker:jobs", "Export jobs: list, show, cancel, resume, delete."),
    (
        "preview",
        "documents:preview",
        "Make the document of an invoice, or the messages of an action, as they would be now.",
    ),
    ("documents", "documents:documents", "List the stored versions of an invoice's document."),
    ("template", "documents:app", "Document templates: copy ours, check one."),
    ("snapshot", "snapshot:snapshot", "Write all tables as Parquet files, from one moment."),
    (
        "doctor",
        "workspace_commands:doctor",
        "Audit the workspace: numbers, files, totals, claims, messages, events.",
    ),
    (
        "erase",
        "erase:erase",
        "Erase a customer: what no law keeps goes, the rest is named with its law and date.",
    ),
    (
        "archive",
        "archive:app",
        "Move closed documents out of the live state, to Parquet files by account and month, and back.",
    ),
    ("backup", "workspace_commands:backup", "Back the workspace up to one file, with a hash of each file."),
    ("restore", "workspace_commands:restore", "Restore a backup into a new folder."),
    ("demo", "demo:demo", "Run the main job on sample data in a new folder."),
    ("sheet", "sheet:app", "Selection sheets: write, check, run."),
    ("rules", "rules:rules", "The decision table: what each action asks of a row."),
    (
        "explain",
        "explain:explain",
        "What a word of the field means, a condition of a rule, or an error by its id.",
    ),
    ("lab", "lab:lab", "Open JupyterLab at the invoice overview."),
)
"""Command, where it is, what it does."""


_FORMS: Final = {"int": "a whole number", "float": "a number", "bool": "yes or no"}
"""What people call the types of a command's own options."""


def build(arguments: Sequence[str] = ()) -> App:
    """The application with its commands, none of them loaded yet; of `run`, the action that is asked for alone."""
    app = App(
        name="invoicebatch",
        help="The invoice action bar for people who work in notebooks and spreadsheets.",
        version=lambda: version("invoicebatch"),
        help_format="plaintext",
        suppress_keyboard_interrupt=False,
    )
    app.command(
        _completion(app), name="--install-completion", help="Let the shell complete commands and options."
    )
    asked = f" {arguments[1]}" if arguments[:1] == ["run"] and len(arguments) > 1 else ""
    for name, place, text in COMMANDS:
        which = place + asked if name == "run" else place
        app.command(f"{_CLI}.{which}", name=name, help=text)
    return app


def _completion(app: App) -> Callable[..., None]:
    def install(
        *,
        shell: Annotated[
            Literal["zsh", "bash", "fish", "powershell"] | None,
            Parameter(help="Default: the one this runs in"),
        ] = None,
        output: Annotated[
            Path | None,
            Parameter(name=["--output", "-o"], help="Write the script to this file, and touch nothing else"),
        ] = None,
    ) -> None:
        from cyclopts.completion.detect import ShellDetectionError
        from cyclopts.completion.install import create_install_completion_command

        if output is None:
            create_install_completion_command(app.install_completion, add_to_startup=True)(shell=shell)
            return
        try:
            path = app.install_completion(shell=shell, output=output, add_to_startup=False)
        except ShellDetectionError as error:
            raise UsageError("Which shell this is can't be told.", "Name it: --shell bash") from error
        print(f"Written to {path}; nothing else was changed. Load it from your shell's start file.")

    return install


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit."""
    given = sys.argv[1:] if arguments is None else arguments
    gc.set_threshold(50_000, 20, 50)  # what is imported and kept is looked through less often
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")  # its own pool keeps what was freed
    _stop_queries_on_interrupt()
    raise SystemExit(run([a for a in given if a != "--debug"], debug="--debug" in given))


def _stop_queries_on_interrupt() -> None:
    """Ctrl-C reaches a query at work too: a thread hears of it while the main one waits for the database.

    Where a command has a handler of its own (the worker finishes what is at hand) nothing is stopped.
    """
    reader, writer = socket.socketpair()  # Windows wakes nothing but sockets
    writer.setblocking(False)
    signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)

    def listen(reader: socket.socket, _: socket.socket) -> None:
        while heard := reader.recv(1):
            if heard[0] == signal.SIGINT and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
                from invoicebatch.store import Store

                Store.interrupt()

    Thread(target=listen, args=(reader, writer), daemon=True).start()


def run(arguments: list[str], *, debug: bool = False) -> int:
    """Run one command; returns the exit code."""
    try:
        _check_text(arguments)
        return _call(arguments)
    except KeyboardInterrupt:
        return _say("Interrupted. What was begun can be finished with: invoicebatch resume", 130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except CycloptsError as error:
        return _say(f"{_told(error)} [{UsageError('').id}]", UsageError.exit_code)
    except InvoicebatchError as error:
        if debug:
            raise
        return _say(f"{error} [{error.id}]", error.exit_code)
    except Exception as error:
        if debug:
            raise
        told = f"Unexpected error: {type(error).__name__}: {error}\nSee where with --debug."
        return _say(f"{told} [{InvoicebatchError('').id}]", 1)


def _check_text(arguments: list[str]) -> None:
    """No argument holds a byte that is no UTF-8: neither the state nor a file could keep it."""
    for argument in arguments:
        if not argument.isascii() and any("\ud800" <= letter <= "\udfff" for letter in argument):
            shown = argument.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
            raise UsageError(f"'{shown}' is not text in UTF-8.", "Write it anew, or rename the file.")


def _call(arguments: list[str]) -> int:
    result = build(arguments)(arguments, exit_on_error=False, print_error=False, result_action="return_value")
    return result if isinstance(result, int) else 0


def _told(error: CycloptsError) -> str:
    """What is wrong with the words of a command, without the names of Python's types."""
    if isinstance(error, CoercionError) and error.token is not None:
        kind = str(getattr(error.target_type, "__name__", error.target_type)).partition("|")[0]
        if kind in _FORMS:
            return f"{error.token.keyword or 'a value'} must be {_FORMS[kind]}; got '{error.token.value}'."
    return str(error) or type(error).__name__


def _say(text: str, code: int) -> int:
    print(text, file=sys.stderr)
    return code
