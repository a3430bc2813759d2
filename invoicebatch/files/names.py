"""File names that are safe on every system, and folders of runs. No file is opened here."""

import re
import unicodedata
from datetime import datetime
from pathlib import Path

_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]+')
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com[\d¹²³]|lpt[\d¹²³]|conin\$|conout\$) *(\.|$)")
_MAX_CHARACTERS = 120
_MAX_BYTES = 200
"""File systems take 255 bytes; what is added to a name (a suffix, a number) has room beside these."""


def safe_name(text: str) -> str:
    """A file name (without folder) from any text: nothing is lost that a system allows.

    >>> safe_name("2026/000123")
    '2026-000123'
    """
    name = _FORBIDDEN.sub("-", unicodedata.normalize("NFC", text)).strip(" .")[:_MAX_CHARACTERS]
    name = name.encode(errors="ignore")[:_MAX_BYTES].decode(errors="ignore").rstrip(" .")
    if not name or _RESERVED.match(name):
        name = f"_{name}"
    return name


def run_folder(base: Path, started: datetime, action: str, run_id: str) -> Path:
    """The folder that a run's files are published in: `<base>/2026-11-22/153012-approve-1a2b3c4d`."""
    return base / f"{started:%Y-%m-%d}" / f"{started:%H%M%S}-{action}-{run_id[:8]}"
