"""What the access point calls back with, saved as files (JSON): the delivery of a document reaches its message and invoice, once."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from invoicebatch.delivery.channel import Answer
from invoicebatch.delivery.einvoice.access_point import answer_of, event_in, references_of
from invoicebatch.engine.base.workspace_base import WorkspaceBase
from invoicebatch.engine.imports.buyer_answers import COLUMNS, KNOWN, TAKEN
from invoicebatch.engine.outbox import Outbox
from invoicebatch.errors import InputFileError
from invoicebatch.files.limits import DOCUMENT_BYTES
from invoicebatch.model.outbox.payload import PEPPOL
from invoicebatch.model.status import OutboxStatus

SUFFIX = ".json"
_OPEN = (OutboxStatus.ACCEPTED, OutboxStatus.IN_DOUBT)


def reports_in(paths: Sequence[Path]) -> list[Path]:
    """The JSON files among paths and in folders."""
    return [file for path in paths for file in _files(path) if file.suffix.lower() == SUFFIX]


def _files(path: Path) -> Iterator[Path]:
    return iter(sorted(file for file in path.rglob("*") if file.is_file())) if path.is_dir() else iter([path])


def import_reports(workspace: WorkspaceBase, files: Sequence[Path]) -> pd.DataFrame:
    """Settle the messages that the reports are about; one that is settled already stays as it is.

    Returns:
        One row a report: the columns of answers, with `sent` or `failed` as answer.

    Raises:
        InputFileError: a file can't be read.
    """
    outbox = Outbox(workspace)
    messages = outbox.list(channel="einvoice").set_index("message_id", drop=False)
    known = {key: key for key in messages["message_id"]}
    references = messages["reference"].dropna()
    known |= {reference.partition(":")[2]: str(key) for key, reference in references.items()}
    states = dict(zip(messages["message_id"], messages["state"].astype("str"), strict=True))
    numbers = dict(zip(messages["message_id"], messages["number"], strict=True))
    rows: list[tuple[str, ...]] = []
    answers: dict[str, Answer] = {}
    for file in files:
        message_id, answer, outcome = _read(_bytes(file), known)
        said = ("", "")
        if answer is not None:
            said, outcome = (answer.status.value, answer.text), _outcome(states[message_id], answer)
        if answer is not None and outcome == TAKEN:
            kept = references.get(message_id, answer.reference)  # the way it is asked about stays
            answers[message_id] = replace(answer, reference=str(kept))
            states[message_id] = answer.status.value
        rows.append((file.name, numbers.get(message_id, ""), *said, "", outcome))
    if answers:
        outbox.settle(messages.loc[list(answers)].reset_index(drop=True), answers, "einvoice.import")
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype("str")


def _bytes(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            return stream.read(DOCUMENT_BYTES)
    except OSError as error:
        raise InputFileError(f"{file} can't be read: {error.strerror}", "Check the path.") from error


def _read(data: bytes, known: dict[str, str]) -> tuple[str, Answer | None, str]:
    """The message a report is about and what it says of it, or why it is about none."""
    event = event_in(data)
    references = references_of(event)
    if not references:
        return "", None, "is no report of the access point on a document"
    mine = sorted(references & known.keys())
    if not mine:
        return "", None, "no message of this submission is here"
    answer = answer_of(event, f"{PEPPOL}:{mine[0]}")
    return known[mine[0]], answer, "it says nothing of the delivery" if answer is None else ""


def _outcome(state: str, answer: Answer) -> str:
    if state in _OPEN:
        return TAKEN
    return KNOWN if state == answer.status else f"the message is {state} already"
