"""A real PostgreSQL server on a cluster of its own, thrown away afterwards."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

from tests.waiting import LIMIT


def _programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    return Path(shutil.which("initdb") or "/usr/bin/initdb").parent


@contextmanager
def postgres() -> Iterator[str]:
    """A running server; yields its SQLAlchemy URL. As root it runs as the user postgres."""
    folder = Path(mkdtemp(prefix="pg", dir="/tmp"))
    as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if as_user:
        shutil.chown(folder, "postgres", "postgres")
    programs, cluster = _programs(), folder / "cluster"

    def run(*command: str) -> None:
        subprocess.run([*as_user, *command], check=True, cwd="/tmp", stdout=subprocess.DEVNULL, timeout=LIMIT)

    try:
        run(
            str(programs / "initdb"), "-D", str(cluster), "-A", "trust", "-U", "ib", "--no-sync", "-E", "UTF8"
        )
        options = f"-k {folder} -c listen_addresses= -c fsync=off"  # a socket there, no port
        run(
            str(programs / "pg_ctl"),
            "-D",
            str(cluster),
            "-o",
            options,
            "-l",
            str(folder / "log"),
            "-w",
            "-t",
            str(int(LIMIT)),
            "start",
        )
        try:
            yield f"postgresql+psycopg://ib@/postgres?host={folder}"
        finally:
            run(str(programs / "pg_ctl"), "-D", str(cluster), "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
