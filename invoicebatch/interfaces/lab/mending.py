"""Rows that failed for missing data: the customers' sheet to fill in, and the way back in."""

import base64
import binascii
import shlex
from collections.abc import Mapping
from typing import Any

from invoicebatch.errors import InputFileError, UsageError
from invoicebatch.interfaces.lab.detail_view import send_file
from invoicebatch.interfaces.lab.run_dialog import Runs, reasons_of
from invoicebatch.interfaces.lab.session import Session


class Mending:
    """Writes the sheet of the last run's failed rows, and takes a filled one in."""

    def __init__(self, session: Session, runs: Runs) -> None:
        self._session, self._runs = session, runs
        session.extend({"fix": self._write, "sheet": self._take_in})

    def _write(self, _: Mapping[str, Any]) -> None:
        if self._runs.report is None:
            raise UsageError("Nothing has run in this grid yet")
        path = self._session.backend.write_customers(reasons_of(self._runs.report))
        send_file(self._session, path.name, path.read_bytes())
        words = ["invoicebatch", "sheet", "run", path.name, "-w", self._session.backend.location]
        self._session.send({"kind": "fix", "path": str(path), "command": shlex.join(words)}, [])

    def _take_in(self, message: Mapping[str, Any]) -> None:
        try:
            content = base64.b64decode(message["content"], validate=True)
        except binascii.Error as error:
            raise InputFileError(f"{message['name']} did not arrive whole", "Choose it once more.") from error
        rows = self._session.backend.read_customers(str(message["name"]), content)
        counts = rows["outcome"].value_counts().to_dict()
        refused = rows.loc[rows["outcome"] == "refused", "reason"].head(20).tolist()
        self._session.send({"kind": "taken", "changed": counts.get("changed", 0), "refused": refused}, [])
        self._session.reload()
