"""A workspace's own files, as bytes: templates, texts and rules, laid out again where work is done elsewhere."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import Final

from invoicebatch.errors import SettingsError

MOST_BYTES: Final = 64 << 20
"""More is no template: it would go to every worker."""


@dataclass(frozen=True, slots=True)
class Tree:
    """Files by path inside a folder, and the hash over all of them."""

    files: dict[str, bytes] = field(repr=False)
    sha256: str


def read_tree(root: Path, wanted: Iterable[Path]) -> Tree:
    """Files and folders of a workspace, by their place in it; what is not there, or a link that leaves it, is left out.

    Args:
        root: the workspace, resolved.
        wanted: what of it; nothing else of it travels.

    Raises:
        SettingsError: they hold more than `MOST_BYTES`.
    """
    found = (path for one in wanted for path in ([one] if one.is_file() else one.rglob("*")))
    paths = sorted({path for path in found if path.is_file() and path.resolve().is_relative_to(root)})
    sizes = {path: path.stat().st_size for path in paths}
    if sum(sizes.values()) > MOST_BYTES:
        largest = max(paths, key=lambda path: sizes[path])
        raise SettingsError(
            f"Templates and rules of {root} hold {sum(sizes.values()) >> 20:,} MB;"
            f" at most {MOST_BYTES >> 20} MB travel to the workers of a cluster.",
            f"Keep what is neither elsewhere: {largest.relative_to(root)} is the largest.",
        )
    files = {path.relative_to(root).as_posix(): path.read_bytes() for path in paths}
    digest = hashlib.sha256()
    for name, data in files.items():
        digest.update(f"{name}\0{len(data)}\0".encode() + data)
    return Tree(files, digest.hexdigest())


_LAYING: Final = Lock()
_FOLDERS: Final[dict[str, "TemporaryDirectory[str]"]] = {}
"""Laid out in this process, by hash; they go with it."""


def laid_out(tree: Tree) -> Path:
    """A folder with the files of a tree."""
    with _LAYING:
        if tree.sha256 not in _FOLDERS:
            _FOLDERS[tree.sha256] = TemporaryDirectory(prefix="invoicebatch-")
        folder = Path(_FOLDERS[tree.sha256].name)
        for name, data in tree.files.items():
            path = folder / name
            if not path.is_file():  # not yet, or a system tidied up what it took for old
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
    return folder
