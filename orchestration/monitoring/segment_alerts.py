"""One notice for each time that accounts came into a segment or left it, with their ids.

Enters: the published `segment_moves`, and which of them were told (`segment_alerts.json`). Leaves:
notices. The first judgement of a segment is none, nor is that of changed conditions. A notice that
could not be delivered is tried again; where the file does not tell what was told, the moves that
are kept are told again.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from orchestration.configuration.settings import Settings
from orchestration.monitoring.alerts import Notice, deliver
from orchestration.publication.marts import names, reading, records
from orchestration.whole_file import write_whole

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
_TOLD = TypeAdapter(dict[str, int])  # by segment the number of the last move that was told


@dataclass(frozen=True)
class Moved(Notice):
    """Who came and who left since the last notice, by id: names are personal data. At most a
    hundred each; `text` has the counts."""

    entered: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


def notify_moves(settings: Settings) -> list[Notice]:
    """Tell who came and left since the last call; the notices that were delivered."""
    path = settings.folder.segment_alerts
    told, delivered = _told(path), list[Notice]()
    for segment, number, notice in _moves(settings, told):
        if deliver(settings, notice):
            told[segment] = number
            delivered.append(notice)
    if delivered:
        write_whole(path, _TOLD.dump_json(told, indent=1).decode())
    return delivered


def _moves(settings: Settings, told: dict[str, int]) -> Iterator[tuple[str, int, Moved]]:
    """Of each segment that has news: its name, the number of the last move, what is told."""
    if not settings.marts.exists():
        return
    with reading(settings.marts) as database:
        if "segment_moves" not in names(database):
            return
        [newest] = records(database, NEWEST)
        if max(told.values(), default=0) > newest["number"]:
            told.clear()  # the warehouse was lost, and counts from the beginning
        known = {"segments": [*told], "numbers": [*told.values()]}
        for row in records(database, MOVES, **known):
            yield row["segment"], row["number"], _moved(row)


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


def _told(path: Path) -> dict[str, int]:
    try:
        return _TOLD.validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return {}
