"""How long it took from an event at Stripe to the account store, refresh by refresh.

Enters: the inbox's database, when the store was written and which loads it has. Leaves: one row an
event in `reached` and one a refresh in `latencies`. An event counts once, when it first got there:
a replay is no news.
"""

import sqlite3
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Latency:
    """Of the events that a refresh brought to the store: seconds from `event.created` (Stripe's
    clock) to `reached_at` (UTC), None where there were none, negative where Stripe's clock, or the
    sandbox's, is ahead of the one that was passed in. `since_last_seconds`: from the refresh before
    it, for which events may have waited; None for the first."""

    reached_at: str
    events: int
    median_seconds: float | None
    p95_seconds: float | None
    slowest_seconds: float | None
    since_last_seconds: float | None = None


def measure(
    database: sqlite3.Connection, *, reached_at: datetime, loaded_until: datetime
) -> Latency:
    """Note what has reached the store since the last time. The caller's transaction.

    `reached_at` (UTC) is when the store was written, `loaded_until` (naive UTC, this machine's
    clock) is after the loads that it was built from, and before any other.
    """
    new = database.execute(
        "insert into reached"
        " select distinct stripe_account_id, event_id, ?1 from pointers where done_at <= ?2"
        " and done_at >= coalesce((select max(loaded_until) from latencies), '')"
        " on conflict do nothing returning stripe_account_id, event_id",
        (reached_at.isoformat(), loaded_until.isoformat()),
    ).fetchall()
    seconds = sorted(reached_at.timestamp() - _created(database, event) for event in new)
    found = Latency(
        reached_at=reached_at.isoformat(),
        events=len(new),
        median_seconds=_at(seconds, 0.5),
        p95_seconds=_at(seconds, 0.95),
        slowest_seconds=_at(seconds, 1.0),
        since_last_seconds=_since_last(database, reached_at.isoformat()),
    )
    database.execute(
        "insert into latencies values (null, ?, ?, ?, ?, ?, ?)",
        (
            found.reached_at,
            loaded_until.isoformat(),
            found.events,
            found.median_seconds,
            found.p95_seconds,
            found.slowest_seconds,
        ),
    )
    return found


def last(database: sqlite3.Connection, most: int) -> list[Latency]:
    """Those of the last refreshes which brought events to the store, oldest first."""
    rows = database.execute(
        "select reached_at, events, median_seconds, p95_seconds, slowest_seconds, before_it"
        " from (select *, lag(reached_at) over (order by number) as before_it from latencies)"
        " where events > 0 order by number desc limit ?",
        (most,),
    ).fetchall()
    return [
        Latency(at, events, median, p95, slowest, _between(before, at))
        for at, events, median, p95, slowest, before in reversed(rows)
    ]


def _since_last(database: sqlite3.Connection, reached_at: str) -> float | None:
    last_one = "select reached_at from latencies order by number desc limit 1"
    row = database.execute(last_one).fetchone()
    return _between(row[0] if row else None, reached_at)


def _between(before: str | None, after: str) -> float | None:
    """Seconds between two moments in ISO 8601."""
    if before is None:
        return None
    passed = datetime.fromisoformat(after) - datetime.fromisoformat(before)
    return round(passed.total_seconds(), 3)


def _created(database: sqlite3.Connection, event: tuple[str, str]) -> int:
    row = database.execute(
        "select created from events where stripe_account_id = ? and id = ?", event
    ).fetchone()
    return int(row[0])


def _at(ordered: list[float], share: float) -> float | None:
    return round(ordered[int(share * (len(ordered) - 1))], 3) if ordered else None
