"""The names of the jobs, and of the step that loads, which operators, schedules, sensors and
commands use; no Dagster is needed for them.
"""

INITIAL_IMPORT, REFRESH, NIGHTLY = "initial_import", "refresh", "nightly"
REVERSE_SYNC, LIVE_REFRESH, RECONCILE = "reverse_sync", "live_refresh", "reconcile"
LAKE_UPKEEP = "lake_upkeep"
LANDING_STEP = "stripe_landing"
NAMES = (INITIAL_IMPORT, REFRESH, NIGHTLY, REVERSE_SYNC, LIVE_REFRESH, RECONCILE, LAKE_UPKEEP)
