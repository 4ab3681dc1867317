"""The log of events once more: what it points at becomes pending, and is read again by a load.

Enters: the inbox's database, a moment. Leaves: pending pointers. The log itself is only read: it
is never shortened, and goes back further than Stripe's own 30 days.
"""

import sqlite3
from collections.abc import Iterator

import orjson

from ingestion.stripe_api.event_types import Pointer, pointers

BATCH = 1000


def replay(database: sqlite3.Connection, *, since: int) -> tuple[int, int]:
    """Events created at or after `since` (Unix seconds), and how many pointers they have.

    Pointers are made anew from the payloads: an event type that was no one's when it came counts
    too. The caller's transaction.
    """
    events = found = 0
    for account, event_id, event_pointers in _logged(database, since):
        events += 1
        found += len(event_pointers)
        database.executemany(
            "insert into pointers values (?, ?, ?, ?, null)"
            " on conflict do update set done_at = null",
            [(account, event_id, *pointer) for pointer in event_pointers],
        )
    return events, found


def _logged(database: sqlite3.Connection, since: int) -> Iterator[tuple[str, str, list[Pointer]]]:
    cursor = database.execute(
        "select stripe_account_id, id, payload from events where created >= ?", (since,)
    )
    while rows := cursor.fetchmany(BATCH):
        for account, event_id, payload in rows:
            yield account, event_id, pointers(orjson.loads(payload))
