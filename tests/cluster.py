"""A Dask cluster of real processes."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path


class Processes:
    """A scheduler and its workers; each is a process that may be killed."""

    def __init__(self, folder: Path, *options: str) -> None:
        self._folder = folder
        self._file = folder / "scheduler.json"
        self._options = options
        self.scheduler = self._start("dask_scheduler", "--host", "127.0.0.1", "--port", "0")
        self.workers: list[subprocess.Popen[bytes]] = []

    @property
    def address(self) -> str:
        while not self._file.is_file():
            assert self.scheduler.poll() is None
            time.sleep(0.05)
        return str(json.loads(self._file.read_text())["address"])

    def add_worker(self, **environment: str) -> subprocess.Popen[bytes]:
        """A worker that stands in another folder and has temporary files of its own."""
        place = self._folder / f"worker{len(self.workers)}"
        (place / "tmp").mkdir(parents=True)
        started = self._start(
            "dask_worker",
            *("--nworkers", "1", "--nthreads", "1", "--no-nanny", "--local-directory", str(place)),
            TMPDIR=str(place / "tmp"),
            **environment,
        )
        self.workers.append(started)
        return started

    def stop(self) -> None:
        for process in (self.scheduler, *self.workers):
            process.kill()
            process.wait()

    def _start(self, program: str, *arguments: str, **environment: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.{program}", "--no-dashboard", "--scheduler-file", self._file,
             *self._options, *arguments],
            cwd=self._folder, env=os.environ | environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
