"""The tables in which the warehouse keeps who is in a segment; they are published as they are.

`segments` has a row a segment, `segment_members` a row a stay, `segment_days` a row a segment and
day, `segment_moves` a row for each time that accounts came or left; its last rows are kept.
"""

import duckdb

SCHEMA = "segments"
TABLES = ("segments", "segment_members", "segment_days", "segment_moves")
CREATE = """
create schema if not exists segments;
create table if not exists segments.segments (
    segment varchar, description varchar, definition varchar, members bigint,
    judged_at timestamp, problem varchar
);
create table if not exists segments.segment_members (
    segment varchar, account_id varchar, entered_at timestamp, left_at timestamp
);
create table if not exists segments.segment_days (
    segment varchar, day date, members bigint, mrr_by_currency map(varchar, decimal(38, 3))
);
comment on table segments.segments is 'One row a saved segment, as it was last judged.';
comment on table segments.segment_members is
    'One row a stay of an account in a segment: when it entered, and when it left.';
create table if not exists segments.segment_moves (
    number bigint, segment varchar, moved_at timestamp,
    entered_accounts bigint, left_accounts bigint,
    entered_ids varchar[], left_ids varchar[]
);
comment on column segments.segments.segment is 'Name of the segment. From segments.yml.';
comment on column segments.segments.description is 'What it is for. From segments.yml.';
comment on column segments.segments.definition is 'Its conditions as JSON. From segments.yml.';
comment on column segments.segments.members is 'Accounts in it when it was last judged.';
comment on column segments.segments.judged_at is
    'The as_of at which it was last judged; null: never. Unit: UTC.';
comment on column segments.segments.problem is
    'Why it could not be judged; its members are then those of before. Null: it was.';
comment on column segments.segment_members.segment is 'Name of the segment.';
comment on column segments.segment_members.account_id is 'The account that is or was in it.';
comment on column segments.segment_members.entered_at is
    'The as_of at which it was first seen in it, this time. Unit: UTC.';
comment on column segments.segment_members.left_at is
    'The as_of at which it was no longer seen in it; null: it is in it. Unit: UTC.';
comment on column segments.segment_moves.number is 'Rises with each row.';
comment on column segments.segment_moves.segment is 'Name of the segment.';
comment on column segments.segment_moves.moved_at is
    'The as_of at which accounts came or left; the first by a definition is none. Unit: UTC.';
comment on column segments.segment_moves.entered_accounts is 'How many came.';
comment on column segments.segment_moves.left_accounts is 'How many left.';
comment on column segments.segment_moves.entered_ids is 'The first hundred accounts that came.';
comment on column segments.segment_moves.left_ids is 'The first hundred accounts that left.';
comment on column segments.segment_days.segment is 'Name of the segment.';
comment on column segments.segment_days.day is
    'Day of the as_of at which it was judged, the last time on that day. Unit: UTC.';
comment on column segments.segment_days.members is 'Accounts in it then.';
comment on column segments.segment_days.mrr_by_currency is
    'What they paid a month then, by currency; null: not known of one of them. From accounts.';
"""
COLUMNS = """
select table_name, column_name, data_type from duckdb_columns()
where database_name = current_database() and schema_name = ? order by table_name, column_index
"""


def exist(database: duckdb.DuckDBPyConnection) -> bool:
    """Whether segments were ever judged here; by an older version they were not."""
    return columns(database, SCHEMA).keys() >= {*TABLES}


def columns(
    database: duckdb.DuckDBPyConnection, schema: str
) -> dict[str, dict[str, tuple[str, str]]]:
    """Of each table of a schema its columns: type, and no description."""
    found: dict[str, dict[str, tuple[str, str]]] = {}
    for table, column, of_type in database.execute(COLUMNS, [schema]).fetchall():
        found.setdefault(table, {})[column] = (of_type, "")
    return found
