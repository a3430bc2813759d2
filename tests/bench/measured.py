"""What a process costs: CPU seconds and memory, of it and all that it started."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

_LAUNCHER: Final = """
import json, os, subprocess, sys
with open("bench.log", "wb") as out:
    process = subprocess.Popen(sys.argv[1:], stdout=out, stderr=subprocess.STDOUT)
    _, status, used = os.wait4(process.pid, 0)
print(json.dumps([os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime, used.ru_maxrss >> 10]))
"""
"""Started by a process of its own, which is small: a peak counts what the one that forks it held."""


@dataclass(frozen=True, slots=True)
class Measured:
    """CPU seconds (user and system), and the peak of the largest process in MB."""

    cpu: float
    peak_mb: int

    def __str__(self) -> str:
        return f"{self.cpu:.1f} s, {self.peak_mb:,} MB"


def measured(
    command: Sequence[str], folder: Path, environment: Mapping[str, str] = MappingProxyType({})
) -> Measured:
    """Run a command in a folder; it may end as a run does that could not do all rows."""
    launcher = [sys.executable, "-S", "-E", "-c", _LAUNCHER, *command]
    done = subprocess.run(
        launcher, cwd=folder, env=os.environ | dict(environment), stdout=subprocess.PIPE, check=True
    )
    code, cpu, peak_mb = json.loads(done.stdout)
    said = (folder / "bench.log").read_text(encoding="utf-8", errors="replace")
    assert code in (0, 3, 4), f"{' '.join(command)}: {said[-2000:]}"
    return Measured(cpu, peak_mb)
