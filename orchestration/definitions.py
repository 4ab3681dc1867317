"""The code location that `workspace.yaml` names.

Enters: nothing but the manifest that `make setup` wrote. Leaves: `defs`.
"""

from orchestration.code_location.contents import definitions

POOL = "duckdb"  # one slot, set in dagster.yaml: one writing op at a time

defs = definitions(pool=POOL)
