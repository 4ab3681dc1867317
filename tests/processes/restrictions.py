"""What a machine can withhold from a process, to be asked for in the process itself.

Each is for `command_line.run(..., before=...)`, and holds for that process alone.
"""

import ctypes
import os
import resource

CAPABILITIES_V3 = 0x20080522


def no_privileges() -> None:
    """Modes of files count for root too, from here on."""
    if os.geteuid():
        return
    header = (ctypes.c_uint32 * 2)(CAPABILITIES_V3, 0)
    nothing = (ctypes.c_uint32 * 6)()
    if ctypes.CDLL(None, use_errno=True).capset(header, nothing):
        raise OSError(ctypes.get_errno(), "capset")


def short_files(most: int) -> None:
    """No file grows beyond so many bytes: writing fails in the middle, as on a full disk."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
