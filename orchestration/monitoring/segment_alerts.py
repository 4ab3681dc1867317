"""One notice for each time that accounts came into a segment or left it, with their ids.

Enters: the published `segment_moves`, and which of them were told (`segment_alerts.json`). Leaves:
notices. The first judgement of a segment is none, nor is that of changed conditions. A notice that
could not be delivered is tried again; where the file does not tell what was told, the moves that
are kept are told again.
"""

from dataclasses import dataclass
from datetime import UTC
from functools import partial
from typing import Any

import duckdb

from orchestration.configuration.settings import Settings
from orchestration.monitoring.notice import Notice
from orchestration.monitoring.telling import Due, Told, ToldFile, tell
from orchestration.publication.marts import names, reading, records

MOST_IDS = 100
MOVES = """
select
    segment,
    max(number) as number,
    max(moved_at) as moved_at,
    sum(entered_accounts)::bigint as entered_accounts,
    sum(left_accounts)::bigint as left_accounts,
    flatten(list(entered_ids order by number)) as entered_ids,
    flatten(list(left_ids order by number)) as left_ids
from segment_moves
where number > coalesce(map($segments::varchar[], $numbers::bigint[])[segment], 0)
group by segment
order by segment
"""
NEWEST = "select coalesce(max(number), 0) as number from segment_moves"


@dataclass(frozen=True)
class Moved(Notice):
    """Who came and who left since the last notice, by id: names are personal data. At most a
    hundred each; `text` has the counts."""

    entered: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


def notify_moves(settings: Settings) -> list[Moved]:
    """Tell who came and left since the last call; the notices that were delivered."""
    if not settings.marts.exists():
        return []
    told = ToldFile(settings.folder.segment_alerts, int)
    with reading(settings.marts) as database:
        if "segment_moves" not in names(database):
            return []
        return tell(settings, told, partial(_moves, database=database))


def _moves(told: Told[int], database: duckdb.DuckDBPyConnection) -> Due[Moved]:
    """`told`: of each segment the number of the last move."""
    [newest] = records(database, NEWEST)
    if max(told.values(), default=0) > newest["number"]:
        told.clear()  # the warehouse was lost, and counts from the beginning
    known = {"segments": [*told], "numbers": [*told.values()]}
    for row in records(database, MOVES, **known):
        yield _moved(row), partial(told.__setitem__, row["segment"], row["number"])


def _moved(row: dict[str, Any]) -> Moved:
    name = row["segment"]
    counts = f"{row['entered_accounts']:,} entered, {row['left_accounts']:,} left"
    return Moved(
        key=f"segment:{name}",
        state="moved",
        text=f"segment '{name}': {counts}",
        remedy=f"stripe-traits segments show {name}",
        at=row["moved_at"].replace(tzinfo=UTC).isoformat(timespec="seconds"),
        entered=tuple(row["entered_ids"][:MOST_IDS]),
        left=tuple(row["left_ids"][:MOST_IDS]),
    )
