"""The one table of what time brings about, and the clock that runs through it.

Enters: a store and a moment to come. Leaves: everything done that fell due on the way, each at
its own moment, in the order of time. What a row does is its module's concern.
"""

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sandbox import clock, periods
from sandbox.billing import collecting, ending, invoicing, renewing
from sandbox.books import Books
from sandbox.reading import table
from sandbox.shapes import Json
from sandbox.store import Store

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
    since = clock.now(store)
    if until < since:
        raise ValueError(f"clock: stands at {since}, cannot go back to {until}; name a later time")
    count = 0
    with store.writing():
        calendar = _Calendar(store, since, until)
        for moment, due, identity in calendar.walk():
            clock.put(store, moment)
            found = store.get(due.kind, identity)
            if found and _owned(store, found):
                due.act(Books(store, moment), found)
                count += 1
            calendar.note_changes()
        clock.put(store, until)
        _forget(store, until - KEPT)
    return count


class _Calendar:
    """What is due up to a moment; what changes on the way is looked at again."""

    def __init__(self, store: Store, since: int, until: int) -> None:
        self.store, self.now, self.until = store, since, until
        self.waiting: list[tuple[int, int, str]] = []
        self.seen: set[tuple[int, int, str]] = set()
        self.event = self._newest()
        for kind, condition in _WAITING.items():
            for (identity,) in (
                store.db().execute(f"SELECT id FROM {table(kind)} WHERE {condition}").fetchall()
            ):
                self._note(kind, identity)

    def walk(self) -> Iterator[tuple[int, Due, str]]:
        while self.waiting:
            moment, row, identity = heapq.heappop(self.waiting)
            due = TABLE[row]
            found = self.store.get(due.kind, identity)
            if found is None or self._moment(due, found) != moment:
                continue  # it was put off, or is over
            self.now = max(self.now, moment)
            yield self.now, due, identity

    def note_changes(self) -> None:
        """Every change has an event, which names what has changed."""
        found = self.store.db().execute(
            "SELECT rowid, json_extract(json, '$.data.object.object'),"
            " json_extract(json, '$.data.object.id') FROM events WHERE rowid > ?",
            (self.event,),
        )
        for number, kind, identity in found.fetchall():
            self.event = max(self.event, number)
            if kind in _WAITING:
                self._note(kind, identity)

    def _note(self, kind: str, identity: str) -> None:
        found = self.store.get(kind, identity)
        for row, due in enumerate(TABLE):
            moment = self._moment(due, found) if found and due.kind == kind else None
            if moment is None or moment > self.until or (due.once and moment <= self.now):
                continue
            if (moment, row, identity) not in self.seen:
                self.seen.add((moment, row, identity))
                heapq.heappush(self.waiting, (moment, row, identity))

    def _moment(self, due: Due, found: Json) -> int | None:
        return due.when(found)

    def _newest(self) -> int:
        (number,) = self.store.one("SELECT coalesce(max(rowid), 0) FROM events")
        return int(number)


def _owned(store: Store, found: Json) -> bool:
    """Nothing is done for a deleted customer any more."""
    return store.position("customer", found["customer"]) is not None


def _forget(store: Store, before: int) -> None:
    store.db().execute("DELETE FROM events WHERE created < ?", (before,))
