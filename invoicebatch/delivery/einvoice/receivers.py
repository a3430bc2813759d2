"""Which receivers take electronic invoices: asked of the access point in one go, kept with the day of the answer.

Without an access point that can be asked (a hot folder, no key) nothing is known, and nothing is refused.
"""

import json
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from invoicebatch.delivery.channel import TemporaryError
from invoicebatch.delivery.einvoice.access_point import AccessPoint
from invoicebatch.errors import SettingsError
from invoicebatch.files.whole import make_folders, write_whole
from invoicebatch.settings import EInvoice

FILE: Final = "einvoice-receivers.json"
KEPT: Final = timedelta(days=7)
"""How long an answer counts."""

Receiver = tuple[str, str]
"""Scheme (EAS code) and identifier."""


class Receivers:
    """What is known of receivers; a file in the data folder."""

    def __init__(self, settings: EInvoice, data: Path) -> None:
        self._settings = settings
        self._data = data
        self._file = data / FILE

    def known(self, today: date) -> Mapping[Receiver, str]:
        """Why a receiver takes no invoices (empty: it does), of those whose answer still counts."""
        return {
            receiver: f"{why} (asked on {on})" if why else ""
            for receiver, (why, on) in self._answers().items()
            if today - date.fromisoformat(on) <= KEPT
        }

    def ask(self, receivers: Iterable[Receiver], today: date) -> Mapping[Receiver, str]:
        """Ask for those that are not known yet, and say what is known then.

        Where the access point can't be asked now, they stay unknown.
        """
        settings = self._settings
        known = self.known(today)
        open_ones = sorted(set(receivers) - known.keys())
        if not open_ones or settings.access_point != "api" or not settings.look_up:
            return known
        access_point = AccessPoint(settings, self._data / "einvoice-news")
        try:
            with ThreadPoolExecutor(settings.connections) as pool:
                answers = list(pool.map(lambda each: access_point.why_not(*each), open_ones))
        except (TemporaryError, SettingsError):
            return known
        finally:
            access_point.close()
        found = {each: why for each, why in zip(open_ones, answers, strict=True) if why is not None}
        self._keep(found, today)
        return self.known(today)

    def _answers(self) -> dict[Receiver, tuple[str, str]]:
        if not self._file.is_file():
            return {}
        try:
            rows = json.loads(self._file.read_text(encoding="utf-8"))
        except ValueError:
            return {}
        return {(scheme, identifier): (why, on) for scheme, identifier, why, on in rows}

    def _keep(self, found: Mapping[Receiver, str], today: date) -> None:
        kept = self._answers() | {each: (why, today.isoformat()) for each, why in found.items()}
        rows = [[*receiver, *answer] for receiver, answer in sorted(kept.items())]
        make_folders(self._data)
        write_whole(self._file, json.dumps(rows, ensure_ascii=False), on_clash="replace")
