"""The jobs' names, which operators, schedules, sensors and commands use; no Dagster is needed for
them.
"""

INITIAL_IMPORT, REFRESH, NIGHTLY = "initial_import", "refresh", "nightly"
REVERSE_SYNC, LIVE_REFRESH, RECONCILE = "reverse_sync", "live_refresh", "reconcile"
LAKE_UPKEEP = "lake_upkeep"
NAMES = (INITIAL_IMPORT, REFRESH, NIGHTLY, REVERSE_SYNC, LIVE_REFRESH, RECONCILE, LAKE_UPKEEP)
