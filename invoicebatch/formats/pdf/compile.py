"""The typst compiler behind a pipe: one process beside each that renders, started anew where a document ended it.

Limits are of computing time, not of the clock: a machine that is busy fails no document.
"""

import atexit
import json
import pickle
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from typing import IO, Any, Final, cast

from invoicebatch.errors import RenderError
from invoicebatch.files import limits
from invoicebatch.files.platform import after_fork

CHILD: Final = Path(__file__).with_name("compile_child.py")


class TemplateError(Exception):
    """The compiler's own words: message, hints, diagnostic."""

    def __init__(self, message: str, hints: list[str], diagnostic: str) -> None:
        super().__init__(message)
        self.message, self.hints, self.diagnostic = message, hints, diagnostic


class _Compiler:
    """The process, for one thread at a time."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._child: subprocess.Popen[bytes] | None = None

    def compile(self, request: Mapping[str, Any]) -> tuple[list[bytes], list[str]]:
        """Pages and warnings; see `compile_pages`."""
        with self._lock:
            child = self._child or self._start()
            try:
                said, pages = _ask(child, request)
            except BaseException:  # of an answer that was not read to its end nothing more can be told
                self.close()
                raise
        if "error" in said:
            raise TemplateError(*said["error"])
        if "panic" in said:
            raise RenderError(said["panic"])
        return pages, said["warnings"]

    def _start(self) -> subprocess.Popen[bytes]:
        self._child = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-P", str(CHILD)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        return self._child

    def close(self) -> None:
        """End the process."""
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            with child:  # closes the pipes and waits
                pass

    def forget(self) -> None:
        """In a forked process: the compiler is its parent's."""
        self.__init__()  # type: ignore[misc]


def _ask(child: "subprocess.Popen[bytes]", request: Mapping[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
    requests, answers = cast("IO[bytes]", child.stdin), cast("IO[bytes]", child.stdout)
    try:
        pickle.dump(request, requests)
        requests.flush()
        line = answers.readline()
    except BrokenPipeError:
        line = b""
    if not line.endswith(b"\n"):
        raise RenderError(_why(child.wait(), request))
    said: dict[str, Any] = json.loads(line)
    sizes = said.get("sizes", ())
    pages = [answers.read(size) for size in sizes]
    if [len(page) for page in pages] != list(sizes):  # it was ended while it answered
        raise RenderError(_why(child.wait(), request))
    return said, pages


def _why(code: int, request: Mapping[str, Any]) -> str:
    if code == -getattr(signal, "SIGXCPU", 0):
        return f"it takes more than {request['seconds']} seconds of computing time: has a loop no end?"
    return (
        f"it takes more than {limits.words(request['memory'])} of memory, or the compiler broke off ({code})"
    )


_COMPILER: Final = _Compiler()
atexit.register(_COMPILER.close)
after_fork(_COMPILER.forget)


def compile_pages(
    root: Path, fonts: tuple[Path, ...], files: Mapping[str, bytes], **options: Any
) -> tuple[list[bytes], list[str]]:
    """Compile a document.

    Args:
        root: folder that pictures are read from.
        fonts: folders of font files; there are no other fonts.
        files: the template's files by name, `main.typ` the first.
        options: what typst takes beside them: format, timestamp, pdf_standards or ppi.

    Returns:
        The pages (a PDF is one), and what the compiler finds doubtful.

    Raises:
        TemplateError: the template fails.
        RenderError: it takes longer or more memory than `files.limits` allows, or the compiler broke off.
    """
    request = {"root": str(root), "fonts": tuple(map(str, fonts)), "input": dict(files), "options": options}
    seconds, memory = limits.of_template(len(files.get("data.json", b"")))
    return _COMPILER.compile({**request, "seconds": seconds, "memory": memory})
