"""A small disk that runs full at every size that is left; run as a script in a mount namespace of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.crash.sweep import Sweep, act, prepare
from tests.crash.work import child, wait

ROOMS = (0, 8, 64, 256, 600, 1100, 2400, 4000, 8000, 24000)
"""KiB that are left, until it is enough."""
SIZE = "192m"


def filled(folder: Path, room: int) -> Path:
    """A file that leaves so many KiB of the disk."""
    free = os.statvfs(folder)
    file = folder / "filler"
    with file.open("wb") as handle:
        os.posix_fallocate(handle.fileno(), 0, free.f_bavail * free.f_frsize - (room << 10))
    return file


def tried(name: str, folder: Path) -> list[dict[str, Any]]:
    """What became of a scenario with each room left."""
    one = Sweep(name, folder, doors=False)
    told = []
    for room in ROOMS:
        root = one.copied()
        filler = filled(folder, room)
        died = wait(child(act, root, name, 0, "kill", "", False))
        filler.unlink()
        told.append(one.judged(root, 0, "disk full", died) | {"at": room})
    return told


def main(folder: str, *names: str) -> None:
    """Prints JSON: what was found, by scenario."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "none", folder], check=True)
    prepare()
    told = [
        {"action": n, "points": [], "told": tried(n, Path(folder) / str(at))} for at, n in enumerate(names)
    ]
    print(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
