"""Memory of a merge: what it has freed is given back, and Python looks less often for cycles.

glibc keeps what threads have freed, and each merge has threads of its own: without this an import's
memory grows with the number of merges, and stays with the process. Elsewhere than on glibc there is
nothing to do.
"""

import ctypes
import gc
from collections.abc import Iterator
from contextlib import contextmanager

OBJECTS = 50_000  # made between two looks for cycles; Python's own number is 700
# Of glibc's malloc.h. By itself it keeps more the longer the pieces are that it has seen: up to
# 64 MiB for each thread that ever was, 170 MiB after an import of long objects.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
KEPT = 1 << 20  # bytes


@contextmanager
def few_cycles() -> Iterator[None]:
    """Parsed JSON holds no cycles: looking for them took a quarter of an import's time, and a
    fourteenth of a delivery's."""
    before = gc.get_threshold()
    gc.set_threshold(OBJECTS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def keep_little() -> None:
    """From now on what this process frees goes back to the system, whatever thread frees it."""
    if set_option := getattr(ctypes.CDLL(None), "mallopt", None):
        for option in (M_TRIM_THRESHOLD, M_MMAP_THRESHOLD):
            set_option(option, KEPT)


def give_back() -> None:
    """Costs some milliseconds: once a merge, not once a page."""
    import pyarrow as pa

    pa.default_memory_pool().release_unused()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim:
        trim(0)
