"""The code location that `workspace.yaml` names.

Enters: nothing but the manifest that `make setup` wrote. Leaves: `defs`.
"""

import gc

from dagster import Definitions

POOL = "duckdb"  # one slot, set in dagster.yaml: one build at a time


def _loaded() -> Definitions:
    """Each run's process loads 1,900 modules, all of which stay: Python's garbage collector, which
    looks through them again and again, takes a fifth of the time."""
    gc.disable()
    try:
        from orchestration.code_location.contents import definitions

        return definitions(pool=POOL)
    finally:
        gc.enable()


defs = _loaded()
