"""What is owed to webhook endpoints: a row for each event and endpoint, kept beside the events.

Enters: the store of one account, the endpoints that listen to it, what goes wrong. Leaves: what
to send next, and what an event's readers see of it. Moments are real unix seconds.
"""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from sandbox.misbehaviour.faults import DeliveryDraws, Fault
from sandbox.storage.store import Store
from sandbox.webhooks.registry import Endpoint

_CURSOR = "webhooks followed"
_NEWEST = "SELECT coalesce(max(rowid), 0) FROM events"
_COLUMNS = "number, event, type, owner, endpoint, status, attempts, answer, due"
# One that is overtaken goes out as soon as a later one went.
_DUE = (
    "status = 'waiting' AND (due <= :now OR overtaken AND EXISTS (SELECT 1 FROM deliveries AS later"
    " WHERE later.endpoint = deliveries.endpoint AND later.number > deliveries.number"
    " AND later.attempts > 0))"
)


class Delivery(NamedTuple):
    number: int
    event: str
    type: str
    owner: str
    endpoint: str
    status: str  # waiting, delivered, failed
    attempts: int
    answer: int | None  # the last HTTP status; None where there was none
    due: float


def begin(store: Store) -> None:
    """With an account's first endpoint: what comes from now on is owed."""
    with store.writing():
        if store.noted(_CURSOR) is None:
            store.note(_CURSOR, str(store.one(_NEWEST)[0]))


def follow(store: Store, listeners: Sequence[Endpoint], draws: DeliveryDraws, now: float) -> None:
    """Note down what the events since the last time owe to whom."""
    noted = store.noted(_CURSOR)
    if noted and int(noted) == store.one(_NEWEST)[0]:
        return
    with store.writing() as db:
        seen, until = store.noted(_CURSOR), store.one(_NEWEST)[0]
        made = "SELECT id, type FROM events WHERE rowid > ? ORDER BY rowid"
        for event, type_ in db.execute(made, (int(seen or until),)).fetchall():
            for endpoint in listeners:
                if endpoint.wants(type_):
                    _owe(db, event, type_, endpoint, draws.next(event, type_, endpoint.id), now)
        store.note(_CURSOR, str(until))


def again(store: Store, event: str, type_: str, endpoint: Endpoint, now: float) -> None:
    """Send an event once more, as the dashboard's button does."""
    with store.writing() as db:
        _add(db, event, type_, endpoint, due=now, copy=True)


def due(
    store: Store, now: float, *, everything: bool = False, but: Collection[str] = ()
) -> list[Delivery]:
    """What is to be sent, in the order of sending, `but` to some endpoints; `everything` that
    waits, whatever its time, late ones last."""
    condition = "status = 'waiting'" if everything else _DUE
    order = "due > :now AND attempts = 0, number" if everything else "due, number"
    busy = dict(zip(map("busy{}".format, range(len(but))), but, strict=True))
    idle = f"endpoint NOT IN ({', '.join(f':{name}' for name in busy)})"
    found = store.db().execute(
        f"SELECT {_COLUMNS} FROM deliveries WHERE {condition} AND {idle} ORDER BY {order}",
        {"now": now, **busy},
    )
    return [Delivery(*row) for row in found.fetchall()]


def log(store: Store) -> list[Delivery]:
    """All that was ever owed, in the order of the events."""
    statement = f"SELECT {_COLUMNS} FROM deliveries ORDER BY number"
    return [Delivery(*row) for row in store.db().execute(statement).fetchall()]


def record(store: Store, one: Delivery) -> None:
    """What came of an attempt."""
    with store.writing() as db:
        db.execute(
            "UPDATE deliveries SET status = ?, answer = ?, due = ?, attempts = ? WHERE number = ?",
            (one.status, one.answer, one.due, one.attempts, one.number),
        )


def waits(store: Store, one: Delivery) -> bool:
    """Whether nobody has sent it since it was read."""
    statement = f"SELECT {_COLUMNS} FROM deliveries WHERE number = ?"
    found = store.db().execute(statement, (one.number,)).fetchone()
    return bool(found and Delivery(*found) == one and one.status == "waiting")


def forget(store: Store, one: Delivery) -> None:
    """Its endpoint or its event is gone."""
    with store.writing() as db:
        db.execute("DELETE FROM deliveries WHERE number = ?", (one.number,))


def pending(store: Any, event: str) -> int:
    """Of how many endpoints an event has not been accepted yet."""
    statement = "event = ? AND status != 'delivered' AND NOT copy"
    return int(store.one(f"SELECT count(*) FROM deliveries WHERE {statement}", event)[0])


def _owe(  # noqa: PLR0913, PLR0917
    db: Any, event: str, type_: str, endpoint: Endpoint, faults: dict[str, Fault], now: float
) -> None:
    held = faults.get("webhook_late") or faults.get("webhook_reordered")
    _add(
        db, event, type_, endpoint,
        due=now + held.seconds if held else now,
        overtaken="webhook_reordered" in faults,
        status="failed" if "webhook_dropped" in faults else "waiting",
    )  # fmt: skip
    if "webhook_duplicated" in faults:
        _add(db, event, type_, endpoint, due=now, copy=True)


def _add(  # noqa: PLR0913
    db: Any,
    event: str,
    type_: str,
    endpoint: Endpoint,
    *,
    due: float,
    overtaken: bool = False,
    copy: bool = False,
    status: str = "waiting",
) -> None:
    db.execute(
        "INSERT INTO deliveries (event, type, owner, endpoint, status, due, overtaken, copy)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (event, type_, endpoint.owner, endpoint.id, status, due, overtaken, copy),
    )
