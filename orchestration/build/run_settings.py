"""The one row that models read instead of a clock and an environment.

Enters: the settings, `as_of`, what the build has to do. Leaves: `pipeline.run_settings`, and empty
tables for what a refresh replaces.
"""

from datetime import datetime

import duckdb

from orchestration.build.last_build import MOVES_NUMBERS
from orchestration.build.scope import BuildScope
from orchestration.configuration.settings import Settings

RUN_SETTINGS = """
create schema if not exists pipeline;
create schema if not exists refreshed;
create or replace table pipeline.replaced (mart varchar, rows varchar);
create or replace table pipeline.run_settings as
select
    $as_of::timestamp as as_of,
    $account_id_metadata_key::varchar as account_id_metadata_key,
    $multiple_subscriptions::boolean as multiple_subscriptions,
    lower($reporting_currency::varchar) as reporting_currency,
    $mrr_discount_durations::varchar as mrr_discount_durations,
    $mrr_pause_collection::varchar as mrr_pause_collection,
    $segments_trait::boolean as segments_trait,
    $changed_since::timestamp as changed_since,
    $previous_as_of::timestamp as previous_as_of,
    $kept_until::timestamp as kept_until
"""


def write_run_settings(
    database: duckdb.DuckDBPyConnection, settings: Settings, as_of: datetime, scope: BuildScope
) -> None:
    """What the models read instead of a clock and an environment: one row."""
    values = {name: getattr(settings, name) for name in MOVES_NUMBERS}
    values |= {
        "as_of": as_of.replace(tzinfo=None),
        "changed_since": scope.changed_since,
        "previous_as_of": scope.previous_as_of,
        "kept_until": scope.kept_until,
    }
    database.execute(RUN_SETTINGS, values)
