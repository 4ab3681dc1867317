"""Events that belong to no run, as `live` tells them of each cycle, go after two days.

Enters: Dagster's storage, a moment. Leaves: fewer events. The newest of each asset and of each
check stays: the page shows it.
"""

from datetime import UTC, datetime, timedelta

from dagster import DagsterInstance
from dagster._core.storage.event_log import SqlEventLogStorage
from sqlalchemy import text

KEPT = timedelta(days=2)
MOST = 20_000  # at once, which takes a second
# An event without an asset's key is a check's: what it said stands in the other table, too.
EVENTS = text("""
delete from event_logs where id in (
    select id from event_logs as old
    where run_id = '' and timestamp < :before and (
        asset_key is null or exists (
            select 1 from event_logs as newer
            where newer.asset_key = old.asset_key
                and newer.dagster_event_type = old.dagster_event_type
                and newer.id > old.id
        )
    )
    order by id limit :most
)
""")
CHECKS = text("""
delete from asset_check_executions where id in (
    select id from asset_check_executions as old
    where run_id = '' and evaluation_event_timestamp < :before and exists (
        select 1 from asset_check_executions as newer
        where newer.asset_key = old.asset_key
            and newer.check_name = old.check_name
            and newer.id > old.id
    )
    order by id limit :most
)
""")


def delete_old_events(instance: DagsterInstance, *, now: datetime, most: int = MOST) -> int:
    """How many went; `now` is aware UTC."""
    storage = instance.event_log_storage
    if not isinstance(storage, SqlEventLogStorage):
        return 0
    values = {"before": (now - KEPT).astimezone(UTC).replace(tzinfo=None), "most": most}
    with storage.index_connection() as connection:
        return sum(connection.execute(query, values).rowcount for query in (EVENTS, CHECKS))
