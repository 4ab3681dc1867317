"""What alert rules notice: judged at `as_of` on the built marts, kept in the warehouse's `alerts`.

Enters: the built marts, the judged segments, the rules, `as_of`. Leaves: the tables of `schema`.
The first judgement of a rule only remembers, and so does every rule's where marts are computed in
another way than at the last one. An occasion is noticed once. Nothing is judged at a moment before
the last one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb

from orchestration.alert_rules.amounts import compare, forget, remember
from orchestration.alert_rules.definition import Rule
from orchestration.alert_rules.occasions import OF_SEGMENTS, question
from orchestration.alert_rules.schema import CREATE, exist

MOST_ALERTS = 100_000
INSERT = """
insert into alerts.alerts
with found as ({occasions})
select
    coalesce((select max(number) from alerts.alerts), 0)
    + row_number() over (order by account_id, occasion),
    $rule_name, $rule_kind, account_id, occasion, happened_at, $noticed_at, currency,
    amount::decimal(38, 3), amount_before::decimal(38, 3), $is_news
from found
where not exists (
    from alerts.alerts as known
    where known.rule = $rule_name and known.occasion = found.occasion
        and known.account_id is not distinct from found.account_id
)
"""
OLDEST = f"""
delete from alerts.alerts
where number <= (select max(number) from alerts.alerts) - {MOST_ALERTS}
"""
SEGMENTS = """
select count(*) = 2 from duckdb_tables() where database_name = current_database()
and schema_name = 'segments' and table_name in ('segment_members', 'segment_moves')
"""
LAST_MOVE = "select coalesce(max(number), 0) from segments.segment_moves"


@dataclass(frozen=True)
class Kept:
    """A rule as it was judged the last time."""

    definition: str
    judged_at: datetime


def why_due(
    database: duckdb.DuckDBPyConnection, rules: Sequence[Rule], as_of: datetime
) -> str | None:
    """Why they must be judged although no mart changed; None: they need not be. `as_of` is naive
    UTC. Trials end, and digests are due, by the UTC day."""
    kept = _kept(database)
    before = {name: one.definition for name, one in kept.items()}
    if before != {rule.name: rule.definition for rule in rules}:
        return "the alert rules changed"
    if kept and as_of.date() > max(one.judged_at for one in kept.values()).date():
        return "a day began, and alert rules depend on it"
    return None


def judge(
    database: duckdb.DuckDBPyConnection, rules: Sequence[Rule], as_of: datetime, *, basis: str
) -> bool:
    """Notice what there is at `as_of` (naive UTC), all of it or nothing; whether it was judged.
    `basis` is another one whenever marts are computed in another way."""
    database.execute("begin")
    try:
        if not exist(database):
            database.execute(CREATE)
        kept = _kept(database)
        if any(one.judged_at > as_of for one in kept.values()):
            database.execute("rollback")
            return False
        _judge(database, rules, kept, as_of, basis)
        database.execute("commit")
    except BaseException:
        database.execute("rollback")
        raise
    return True


def _judge(
    database: duckdb.DuckDBPyConnection,
    rules: Sequence[Rule],
    kept: Mapping[str, Kept],
    as_of: datetime,
    basis: str,
) -> None:
    row = database.execute("select basis, last_move from alerts.alert_basis").fetchone()
    earlier_basis, last_move = row or (None, 0)
    if is_new := earlier_basis != basis:
        forget(database)
    compare(database)
    for rule in rules:
        before = kept.get(rule.name)
        known = before is not None and before.definition == rule.definition
        moments = {"as_of": as_of, "last_move": last_move}
        _notice(database, rule, moments, is_news=known and not is_new)
    remember(database, as_of)
    database.execute(OLDEST)
    _note(database, rules, as_of, basis)


def _notice(
    database: duckdb.DuckDBPyConnection,
    rule: Rule,
    moments: Mapping[str, Any],
    *,
    is_news: bool,
) -> None:
    if rule.when in OF_SEGMENTS and not (is_news and _one(database, SEGMENTS)):
        return  # who is in a segment already neither came nor left
    sql, parameters = question(rule, **moments)
    told = {"rule_name": rule.name, "rule_kind": rule.when, "noticed_at": moments["as_of"]}
    database.execute(INSERT.format(occasions=sql), {**parameters, **told, "is_news": is_news})


def _note(
    database: duckdb.DuckDBPyConnection, rules: Sequence[Rule], as_of: datetime, basis: str
) -> None:
    database.execute("delete from alerts.alert_rules")
    for rule in rules:
        database.execute(
            "insert into alerts.alert_rules values (?, ?, ?, ?)",
            [rule.name, rule.when, rule.definition, as_of],
        )
    database.execute("delete from alerts.alert_basis")
    moved = _one(database, LAST_MOVE) if _one(database, SEGMENTS) else 0
    database.execute("insert into alerts.alert_basis values (?, ?)", [basis, moved])


def _kept(database: duckdb.DuckDBPyConnection) -> dict[str, Kept]:
    if not exist(database):
        return {}
    rows = database.execute("select rule, definition, judged_at from alerts.alert_rules").fetchall()
    return {rule: Kept(*rest) for rule, *rest in rows}


def _one(database: duckdb.DuckDBPyConnection, sql: str) -> Any:
    row = database.execute(sql).fetchone()
    return row[0] if row else None
