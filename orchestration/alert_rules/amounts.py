"""What accounts pay now, beside what the last judgement saw.

Enters: the built marts, `alert_amounts`. Leaves: `amounts_now` for the rules; after them,
`alert_amounts` and the day's row of `alert_days` as they are now. MRR that is not known any more
counts as the last one that was.
"""

from datetime import datetime

import duckdb

NOW = """
create or replace temp table amounts_now as
with parts as (
    select account_id, unnest(map_entries(mrr_by_currency)) as part
    from marts.accounts where lifecycle_status is distinct from 'churned'
),
billed as (select account_id, part.key as currency, part.value as mrr from parts),
seen as (
    select seen.* from alerts.alert_amounts as seen
    semi join (from marts.accounts where lifecycle_status is distinct from 'churned') as kept
        using (account_id)
),
beside as (
    select
        account_id, currency,
        case when billed.account_id is null then 0 else coalesce(billed.mrr, seen.mrr) end as mrr,
        seen.last_paid
    from billed full join seen using (account_id, currency)
)
select
    account_id, currency, mrr::decimal(38, 3) as mrr,
    case when mrr > 0 then mrr else last_paid end::decimal(38, 3) as last_paid
from beside
"""
# Few change: the others are not written again.
GONE = """
delete from alerts.alert_amounts as seen where not exists (
    from amounts_now as fresh
    where fresh.account_id = seen.account_id and fresh.currency = seen.currency
        and fresh.mrr is not distinct from seen.mrr
        and fresh.last_paid is not distinct from seen.last_paid
)
"""
FRESH = """
insert into alerts.alert_amounts
select fresh.* from amounts_now as fresh
anti join alerts.alert_amounts as seen using (account_id, currency)
"""
DAY = """
delete from alerts.alert_days where day = $as_of::date or day < $as_of::date - 40;
"""
TOTAL = """
insert into alerts.alert_days
select $as_of::date, currency, sum(mrr) from amounts_now group by currency
"""


def compare(database: duckdb.DuckDBPyConnection) -> None:
    """Make `amounts_now`."""
    database.execute(NOW)


def remember(database: duckdb.DuckDBPyConnection, as_of: datetime) -> None:
    """What the next judgement is compared with."""
    database.execute(GONE)
    database.execute(FRESH)
    for statement in (DAY, TOTAL):
        database.execute(statement, {"as_of": as_of})


def forget(database: duckdb.DuckDBPyConnection) -> None:
    """What was counted by another rule of counting is no measure for what is counted now."""
    database.execute("delete from alerts.alert_amounts")
    database.execute("delete from alerts.alert_days")
