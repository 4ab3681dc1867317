"""Memory that a merge has freed, given back to the system.

glibc keeps what threads have freed, and each merge has threads of its own: without this an import's
memory grows with the number of merges. Elsewhere than on glibc there is nothing to do.
"""

import ctypes

import pyarrow as pa


def give_back() -> None:
    """Costs some milliseconds: once a merge, not once a page."""
    pa.default_memory_pool().release_unused()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim:
        trim(0)
