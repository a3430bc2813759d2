"""Where the files that come with the program lie: rules, notebooks, templates' mappings."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]


def shipped(name: str) -> Path:
    """A shipped folder: inside the installed package, or at the root of a checkout.

    >>> shipped("rules").name
    'rules'
    """
    installed = _PACKAGE / "shipped" / name
    return installed if installed.exists() else _PACKAGE.parent / name
