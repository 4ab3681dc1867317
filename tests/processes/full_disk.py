"""A disk that gets full at a moment that a test chooses, and has room again later.

Enters: a folder. Leaves: a `Disk`, a small file system of its own, in memory. Where this machine
mounts none, the files of the process that is to meet a full disk cannot grow instead.
"""

import resource
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

ROOM = 512 << 20
SHORT = 2 << 10  # of a file, where no disk is mounted: what a process says still fits
FILES = resource.RLIMIT_FSIZE


@dataclass(frozen=True)
class Disk:
    """That of a folder; `process` is who meets it, by default the one that calls."""

    folder: Path
    is_mounted: bool

    def fill(self, process: int = 0) -> None:
        """Not a block is left."""
        self._allow(shutil.disk_usage(self.folder).used, SHORT, process)

    def shrink(self, size: int) -> None:
        """To so many bytes in all; where no disk is mounted, a file has a tenth of them."""
        self._allow(size, size // 10, 0)

    def fill_at(self, place: str) -> None:
        """In this process, each time that it calls what has this `module:name` there."""
        module, name = place.split(":")
        caller = import_module(module)
        called = getattr(caller, name)

        def on_a_full_disk(*arguments: Any, **named: Any) -> Any:
            self.fill()
            return called(*arguments, **named)

        setattr(caller, name, on_a_full_disk)

    def free(self, process: int = 0) -> None:
        self._allow(ROOM, resource.RLIM_INFINITY, process)

    def _allow(self, on_disk: int, in_file: int, process: int) -> None:
        if self.is_mounted:
            _mount(self.folder, on_disk, "remount,")
        else:
            resource.prlimit(process, FILES, (in_file, resource.prlimit(process, FILES)[1]))


@contextmanager
def disk_at(folder: Path) -> Iterator[Disk]:
    """A disk with room, and what the folder holds, until the block is left."""
    kept = folder.with_name("kept")
    folder.mkdir(exist_ok=True)
    folder.rename(kept)
    folder.mkdir(mode=0o700)
    is_mounted = _mount(folder, ROOM)
    try:
        shutil.copytree(kept, folder, dirs_exist_ok=True)
        yield Disk(folder, is_mounted)
    finally:
        if is_mounted:
            # Lazily: who has not closed a file of it yet may go on.
            subprocess.run(["umount", "--lazy", folder], check=True)


def _mount(folder: Path, size: int, how: str = "") -> bool:
    """Whether this machine could."""
    options = f"{how}size={size},mode=0700"
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0
