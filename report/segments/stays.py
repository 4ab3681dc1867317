"""Who came into a segment, who left it, and what its accounts pay: rows of one judgement.

Enters: the warehouse, with the accounts that fulfil the segment in `judged`. Leaves: its stays, and
its row of the day.
"""

from datetime import datetime
from typing import Any

import duckdb

LEFT = """
update segments.segment_members set left_at = $as_of
where segment = $segment and left_at is null and account_id not in (select account_id from judged)
"""
ENTERED = """
insert into segments.segment_members
select $segment, account_id, $as_of, null from judged
where account_id not in (
    select account_id from segments.segment_members where segment = $segment and left_at is null
)
"""
OF_DAY = "delete from segments.segment_days where segment = $segment and day = $as_of::date"
DAY = """
insert into segments.segment_days
with parts as (
    select unnest(map_entries(accounts.mrr_by_currency)) as part
    from segments.segment_members
    inner join marts.accounts using (account_id)
    where segment = $segment and left_at is null
),
amounts as (
    select part.key as currency, sum(part.value) as mrr, bool_and(part.value is not null) as known
    from parts group by part.key order by part.key
)
select
    $segment, $as_of::date,
    (select count(*) from segments.segment_members where segment = $segment and left_at is null),
    (select coalesce(map(list(currency), list(if(known, mrr, null))), map()) from amounts)
"""
GONE = (
    "update segments.segment_members set left_at = $as_of"
    " where segment = $segment and left_at is null"
)


def bring(database: duckdb.DuckDBPyConnection, segment: str, as_of: datetime) -> int:
    """To the accounts in `judged`; how many came and left. The last judgement of a day stands for
    it."""
    moment = {"segment": segment, "as_of": as_of}
    moved = sum(_changed(database, statement, moment) for statement in (LEFT, ENTERED))
    for statement in (OF_DAY, DAY):
        database.execute(statement, moment)
    return moved


def end(database: duckdb.DuckDBPyConnection, segment: str, as_of: datetime) -> int:
    """Everybody left, because the segment is gone; how many."""
    return _changed(database, GONE, {"segment": segment, "as_of": as_of})


def _changed(database: duckdb.DuckDBPyConnection, statement: str, moment: dict[str, Any]) -> int:
    row = database.execute(statement, moment).fetchone()
    return int(row[0]) if row else 0
