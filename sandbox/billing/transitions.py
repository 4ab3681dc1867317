"""The one table of what time brings about, and the clock that runs through it.

Enters: a store and a moment to come. Leaves: everything done that fell due on the way, each at
its own moment, in the order of time. What a row does is its module's concern.
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass

import orjson

from sandbox import clock, periods
from sandbox.billing import collecting, ending, invoicing, renewing, upcoming
from sandbox.books import Books
from sandbox.shapes import Json
from sandbox.storage.reading import table
from sandbox.storage.store import Store

EXPIRES = 23 * invoicing.HOUR  # an incomplete subscription's time to be paid
NOTICE = 3 * periods.DAY  # before the end of a trial
KEPT = 30 * periods.DAY  # events


@dataclass(frozen=True)
class Due:
    """A kind of object, when it falls due (None: it does not), and what happens then."""

    name: str
    kind: str
    when: Callable[[Json], int | None]
    act: Callable[[Books, Json], object]
    once: bool = False  # it leaves no trace: what fell due before the clock began is left alone


def _trial_notice(one: Json) -> int | None:
    return one["trial_end"] - NOTICE if one["status"] == "trialing" else None


def _trial_end(one: Json) -> int | None:
    return one["trial_end"] if one["status"] == "trialing" else None


def _cancel(one: Json) -> int | None:
    return one["cancel_at"] if one["status"] not in ending.OVER else None


def _expiry(one: Json) -> int | None:
    return one["created"] + EXPIRES if one["status"] == "incomplete" else None


def _collected_again(one: Json) -> int | None:
    return (one["pause_collection"] or {}).get("resumes_at")


def _period_end(one: Json) -> int | None:
    if one["status"] not in ("active", "past_due", "unpaid"):
        return None
    return min((item["current_period_end"] for item in one["items"]["data"]), default=None)


def _expire(books: Books, one: Json) -> None:
    books.update(one, status="incomplete_expired", ended_at=books.now, canceled_at=books.now)
    first = books.find("invoice", one["latest_invoice"])
    if first and first["status"] == "open":
        invoicing.close(books, first, "void", ("open",))


# In the order in which they happen at one moment: a cancellation forestalls a renewal.
TABLE = (
    Due("the trial is about to end", "subscription", _trial_notice, lambda books, one: books.tell(
        "customer.subscription.trial_will_end", one), once=True),
    Due("an invoice is to come", "subscription", upcoming.due, upcoming.tell, once=True),
    Due("cancellation falls due", "subscription", _cancel, ending.end),
    Due("the trial ends", "subscription", _trial_end, renewing.convert),
    Due("the first payment did not come", "subscription", _expiry, _expire),
    Due("collection goes on", "subscription", _collected_again,
        lambda books, one: books.update(one, pause_collection=None)),
    Due("a period ends", "subscription", _period_end, renewing.renew),
    Due("a draft is finalized", "invoice",
        lambda one: one["automatically_finalizes_at"] if one["status"] == "draft" else None,
        collecting.process),
    Due("a payment is tried again", "invoice",
        lambda one: one["next_payment_attempt"] if one["status"] == "open" else None,
        collecting.attempt),
)  # fmt: skip
_WAITING = {
    "subscription": "status NOT IN ('canceled', 'incomplete_expired')",
    "invoice": "status IN ('draft', 'open')",
}


def advance(store: Store, until: int) -> int:
    """Move the clock to a moment; how many transitions happened on the way."""
    return Calendar(store).advance(until)


class Calendar:
    """What is due and when. It reads the store once; after that, what events say has changed."""

    def __init__(self, store: Store) -> None:
        self.store, self.now = store, clock.now(store)
        self.waiting: list[tuple[int, int, str]] = []  # moment, row of the table, id
        self.seen: set[tuple[int, int, str]] = set()
        (self.event,) = store.one("SELECT coalesce(max(rowid), 0) FROM events")
        for kind, condition in _WAITING.items():
            statement = f"SELECT json FROM {table(kind)} WHERE {condition}"
            for (text,) in store.db().execute(statement):
                self._note(kind, orjson.loads(text))

    def advance(self, until: int) -> int:
        """Do everything that is due up to a moment, and stand there."""
        self.now = clock.now(self.store)
        if until < self.now:
            raise ValueError(
                f"clock: stands at {self.now}, cannot go back to {until}; name a later time"
            )
        count = 0
        with self.store.writing():
            self._note_changes()
            while self.waiting and self.waiting[0][0] <= until:
                count += self._do(*heapq.heappop(self.waiting))
                self._note_changes()
            clock.put(self.store, until)
            _forget(self.store, until - KEPT)
        return count

    def _do(self, moment: int, row: int, identity: str) -> bool:
        due = TABLE[row]
        found = self.store.get(due.kind, identity)
        if found is None or due.when(found) != moment or not _owned(self.store, found):
            return False  # it was put off, or is over
        self.now = max(self.now, moment)
        clock.put(self.store, self.now)
        due.act(Books(self.store, self.now), found)
        return True

    def _note_changes(self) -> None:
        """Every change has an event, which names what has changed."""
        found = self.store.db().execute(
            "SELECT rowid, json_extract(json, '$.data.object.object'),"
            " json_extract(json, '$.data.object.id') FROM events WHERE rowid > ?",
            (self.event,),
        )
        for number, kind, identity in found.fetchall():
            self.event = max(self.event, number)
            changed = self.store.get(kind, identity) if kind in _WAITING else None
            if changed:
                self._note(kind, changed)

    def _note(self, kind: str, found: Json) -> None:
        for row, due in enumerate(TABLE):
            moment = due.when(found) if due.kind == kind else None
            if moment is None or (due.once and moment <= self.now):
                continue
            entry = (moment, row, found["id"])
            if entry not in self.seen:
                self.seen.add(entry)
                heapq.heappush(self.waiting, entry)


def _owned(store: Store, found: Json) -> bool:
    """Nothing is done for a deleted customer any more."""
    return store.position("customer", found["customer"]) is not None


def _forget(store: Store, before: int) -> None:
    old = "SELECT id FROM events WHERE created < ?"
    for statement in (
        f"DELETE FROM originals WHERE event IN ({old})",
        f"DELETE FROM deliveries WHERE event IN ({old})",
        "DELETE FROM events WHERE created < ?",
    ):
        store.db().execute(statement, (before,))
