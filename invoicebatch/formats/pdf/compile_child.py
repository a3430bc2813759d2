"""Compiles typst templates in a process of its own: one without end, or too large, can only end this one.

Run as a script, so it imports nothing of this package. It reads pickled requests and answers each with a line of
JSON and the bytes of its pages; the kernel ends it where a document takes more computing time or memory than allowed.
"""

import json
import os
import pickle
import signal
import sys
from contextlib import suppress
from functools import lru_cache
from math import ceil
from typing import Any, BinaryIO

import typst


@lru_cache(maxsize=8)
def compiler(root: str, fonts: tuple[str, ...]) -> typst.Compiler:
    """A compiler for a template folder, with these folders of fonts alone."""
    found = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=list(fonts))
    return typst.Compiler(root=root, font_paths=found)


def compiled(request: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
    """What there is to say of a document, and its pages; a PDF is one page."""
    try:
        result, warnings = compiler(request["root"], request["fonts"]).compile_with_warnings(
            input=request["input"], **request["options"]
        )
    except typst.TypstError as error:
        return {"error": [error.message, list(error.hints), error.diagnostic]}, []
    except BaseException as error:  # noqa: BLE001 - the compiler's panics derive from it
        compiler.cache_clear()
        return {"panic": f"{type(error).__name__}: {error}"}, []
    pages = [page for page in (result if isinstance(result, list) else [result]) if page is not None]
    return {
        "warnings": [warning.message for warning in warnings],
        "sizes": [len(page) for page in pages],
    }, pages


def limit(seconds: int, memory: int) -> None:
    """Give what comes next so much computing time, and the process so much memory (bytes)."""
    try:
        import resource
    except ImportError:  # Windows knows no such limits
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    allowed = ceil(used.ru_utime + used.ru_stime) + seconds
    for which, to in ((resource.RLIMIT_CPU, allowed), (resource.RLIMIT_DATA, memory)):
        most = resource.getrlimit(which)[1]
        with suppress(ValueError, OSError):  # a system that has its own, lower limit, or none of this kind
            resource.setrlimit(which, (to if most == resource.RLIM_INFINITY else min(to, most), most))


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer until there are no more requests."""
    while True:
        try:
            request = pickle.load(requests)  # noqa: S301 - from the process that started this one
        except EOFError:
            return
        limit(request["seconds"], request["memory"])
        said, pages = compiled(request)
        answers.write(json.dumps(said).encode() + b"\n")
        answers.writelines(pages)
        answers.flush()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who started it decides when it ends
    with os.fdopen(os.dup(1), "wb") as out:
        os.dup2(2, 1)
        serve(sys.stdin.buffer, out)
