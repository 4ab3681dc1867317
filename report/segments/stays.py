"""Who came into a segment, who left it, and what its accounts pay: rows of one judgement.

Enters: the warehouse, with the accounts that fulfil the segment in `judged`. Leaves: its stays, and
its row of the day.
"""

from datetime import datetime
from typing import Any

import duckdb

CURRENT = (
    "select account_id from segments.segment_members where segment = $segment and left_at is null"
)
LEAVING = f"""
create or replace temp table leaving as
{CURRENT} and account_id not in (select account_id from judged)
"""
ENTERING = f"""
create or replace temp table entering as
select account_id from judged where account_id not in ({CURRENT})
"""
LEFT = """
update segments.segment_members set left_at = $as_of
where segment = $segment and left_at is null
    and account_id in (select account_id from leaving)
"""
ENTERED = """
insert into segments.segment_members select $segment, account_id, $as_of, null from entering
"""
FIRST = "(select list(account_id) from (from {moved} order by account_id limit 100))"
MOVED = f"""
insert into segments.segment_moves
select
    (select coalesce(max(number), 0) + 1 from segments.segment_moves), $segment, $as_of,
    (select count(*) from entering), (select count(*) from leaving),
    coalesce({FIRST.format(moved="entering")}, []), coalesce({FIRST.format(moved="leaving")}, [])
"""
# Who tells of them has told long before.
TOLD = """
delete from segments.segment_moves
where number <= (select max(number) from segments.segment_moves) - 10_000
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


def bring(
    database: duckdb.DuckDBPyConnection, segment: str, as_of: datetime, *, is_known: bool
) -> int:
    """To the accounts in `judged`; how many came and left. That is news where the same definition
    was judged before. The last judgement of a day stands for it."""
    moment = {"segment": segment, "as_of": as_of}
    moved = 0
    for found, kept in ((LEAVING, LEFT), (ENTERING, ENTERED)):
        if count := _changed(database, found, {"segment": segment}):
            database.execute(kept, moment)
            moved += count
    if moved and is_known:
        database.execute(MOVED, moment)
        database.execute(TOLD)
    for statement in (OF_DAY, DAY):
        database.execute(statement, moment)
    return moved


def end(database: duckdb.DuckDBPyConnection, segment: str, as_of: datetime) -> int:
    """Everybody left, because the segment is gone; how many."""
    return _changed(database, GONE, {"segment": segment, "as_of": as_of})


def _changed(database: duckdb.DuckDBPyConnection, statement: str, moment: dict[str, Any]) -> int:
    row = database.execute(statement, moment).fetchone()
    return int(row[0]) if row else 0
