"""Memory of a merge: what it has freed is given back, and Python looks less often for cycles.

glibc keeps what threads have freed, and each merge has threads of its own: without this an import's
memory grows with the number of merges. Elsewhere than on glibc there is nothing to do.
"""

import ctypes
import gc
from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa

OBJECTS = 50_000  # made between two looks for cycles; Python's own number is 700


@contextmanager
def few_cycles() -> Iterator[None]:
    """Parsed JSON holds no cycles: looking for them took a quarter of an import's time."""
    before = gc.get_threshold()
    gc.set_threshold(OBJECTS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def give_back() -> None:
    """Costs some milliseconds: once a merge, not once a page."""
    pa.default_memory_pool().release_unused()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim:
        trim(0)
