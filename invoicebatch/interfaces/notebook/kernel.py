"""Kernels that talk through files instead of ports, so that any number may start at once."""

from pathlib import Path
from typing import Any

from jupyter_client.manager import AsyncKernelManager


class IpcKernelManager(AsyncKernelManager):
    """A kernel manager on Unix sockets in one folder."""

    folder = ""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.transport = "ipc"
        self.ip = str(Path(self.folder) / "kernel")

    @classmethod
    def in_folder(cls, folder: Path) -> type["IpcKernelManager"]:
        """The manager class bound to a folder; its path must be short (a socket's limit)."""
        return type("BoundIpcKernelManager", (cls,), {"folder": str(folder)})
