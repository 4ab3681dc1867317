"""What accounts pay now, beside what the last judgement saw.

Enters: the built marts, `alert_states`, `alert_amounts`. Leaves: for the rules `accounts_changed`,
what these pay in `amounts_now`, and `totals_now`; after them, the tables as they are now. MRR that
is not known any more counts as the last one that was. Only accounts that changed are read whole:
few do.
"""

from datetime import datetime

import duckdb

CHANGED = """
create or replace temp table accounts_changed as
with now as (
    select account_id, hash(mrr_by_currency, lifecycle_status = 'churned') as state
    from marts.accounts
)
select account_id, now.state
from now full join alerts.alert_states as seen using (account_id)
where now.state is distinct from seen.state
"""
NOW = """
create or replace temp table amounts_now as
with kept as (
    select account_id, mrr_by_currency from marts.accounts
    semi join accounts_changed using (account_id)
    where lifecycle_status is distinct from 'churned'
),
parts as (select account_id, unnest(map_entries(mrr_by_currency)) as part from kept),
billed as (select account_id, part.key as currency, part.value as mrr from parts),
seen as (select seen.* from alerts.alert_amounts as seen semi join kept using (account_id)),
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
TOTALS = """
create or replace temp table totals_now as
select currency, sum(mrr) as mrr
from (
    select currency, mrr from alerts.alert_amounts anti join accounts_changed using (account_id)
    union all
    select currency, mrr from amounts_now
)
group by currency
"""
REMEMBER = """
delete from alerts.alert_amounts where account_id in (select account_id from accounts_changed);
insert into alerts.alert_amounts from amounts_now;
delete from alerts.alert_states where account_id in (select account_id from accounts_changed);
insert into alerts.alert_states from accounts_changed where state is not null;
"""
OF_DAY = "delete from alerts.alert_days where day = $as_of::date or day < $as_of::date - 40"
DAY = "insert into alerts.alert_days select $as_of::date, currency, mrr from totals_now"


def compare(database: duckdb.DuckDBPyConnection) -> None:
    """Make what rules are judged by."""
    for statement in (CHANGED, NOW, TOTALS):
        database.execute(statement)


def remember(database: duckdb.DuckDBPyConnection, as_of: datetime) -> None:
    """What the next judgement is compared with."""
    database.execute(REMEMBER)
    for statement in (OF_DAY, DAY):
        database.execute(statement, {"as_of": as_of})


def forget(database: duckdb.DuckDBPyConnection) -> None:
    """What was counted by another rule of counting is no measure for what is counted now."""
    for table in ("alert_states", "alert_amounts", "alert_days"):
        database.execute(f"delete from alerts.{table}")
