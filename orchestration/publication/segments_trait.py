"""The trait `stripe.segments` in the published account_traits: what is sent is what is published.

Enters: the warehouse with the new copy attached as `published`. Leaves: traits that name the
segments of their account. The rows of the models know nothing of it, because segments are judged on
them; so it is put in where they are published, beside the members that it is made of.
"""

import duckdb

SETTING = "segments_trait"
MART = "account_traits"
MEMBERS = "segment_members"
# A segment's name has no character that JSON or a pattern would read otherwise.
HELD = r""",?"stripe\.segments":\[[a-z0-9_",-]*\]\}$"""
LISTED = """
select
    account_traits.* replace (
        (
            left({traits}, -1) || ',"stripe.segments":'
            || coalesce(to_json(listed.segments)::varchar, '[]') || '}}'
        )::json as traits
    )
from {rows} as account_traits
left join (
    select account_id, list(segment order by segment) as segments
    from segments.segment_members where left_at is null group by account_id
) as listed using (account_id)
"""
CURRENT = "select account_id, segment from {table} where left_at is null"
MOVED = f"""
create or replace temp table segments_moved as
with here as ({CURRENT.format(table="segments.segment_members")}),
there as ({CURRENT.format(table="published.main.segment_members")})
select distinct account_id from (
    (from here except all from there) union all (from there except all from here)
)
"""
ALL_MOVED = """
create or replace temp table segments_moved as
select account_id from published.main.account_traits
"""


def with_segments(rows: str) -> str:
    """Rows of the models, as they are published."""
    return LISTED.format(rows=rows, traits="account_traits.traits::varchar")


def note_moved(database: duckdb.DuckDBPyConnection, *, published_members: bool) -> None:
    """Whose segments are no longer those of the copy: before its members are brought up to date."""
    database.execute(MOVED if published_members else ALL_MOVED)


def bring(database: duckdb.DuckDBPyConnection) -> None:
    """The traits of those to the members that are published now."""
    rows = (
        "(select * from published.main.account_traits"
        " where account_id in (select account_id from segments_moved))"
    )
    traits = f"regexp_replace(account_traits.traits::varchar, '{HELD}', '}}')"
    listed = LISTED.format(rows=rows, traits=traits)
    database.execute(f"create or replace temp table segments_listed as {listed}")
    database.execute(
        "delete from published.main.account_traits"
        " where account_id in (select account_id from segments_listed)"
    )
    database.execute("insert into published.main.account_traits by name from segments_listed")
    database.execute("drop table segments_listed")
