"""The fonts of what we set, from packages and the folder beside this: never those that a machine happens to have."""

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pandas as pd

if TYPE_CHECKING:
    import typst

CJK_FAMILY: Final = "noto sans cjk"
"""As the compiler names a family that it does not find."""

CJK_MISSING: Final = "Chinese, Japanese and Korean need a font of their own: pip install 'invoicebatch[cjk]'"
_CJK: Final = r"[\u1100-\u11ff\u2e80-\ua4cf\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff01-\uffef\U0001b000-\U0001b16f\U00020000-\U0003ffff]"
"""Blocks of Unicode that only the CJK font has: Jamo, radicals to Yi, Hangul, compatibility and full-width forms."""


@cache
def font_folders() -> tuple[Path, ...]:
    """Folders of font files, those of the extra `cjk` where it is installed."""
    found = (
        _package("font_source_sans_pro", "files"),
        Path(__file__).with_name("dejavu"),
        _package("noto_cjk_sans_otc"),
    )
    return tuple(folder for folder in found if folder is not None)


def _package(name: str, *below: str) -> Path | None:
    # Found, not imported: only its files are wanted.
    spec = find_spec(name)
    return Path(spec.origin).parent.joinpath(*below) if spec and spec.origin else None


def has_cjk() -> bool:
    """Whether Chinese, Japanese and Korean can be set."""
    return _package("noto_cjk_sans_otc") is not None


def unset(texts: pd.DataFrame) -> "pd.Series[bool]":
    """Rows with characters in any column that need a font which is not installed."""
    if has_cjk():
        return pd.Series(False, index=texts.index)
    found = (column.astype("str").str.contains(_CJK, na=False) for _, column in texts.items())
    return sum(found, start=pd.Series(False, index=texts.index)) > 0


@cache
def compiler() -> "typst.Compiler":
    """A compiler for what we set ourselves, with these fonts alone, one a process."""
    import typst

    folders = [str(folder) for folder in font_folders()]
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=folders)
    return typst.Compiler(font_paths=fonts)
