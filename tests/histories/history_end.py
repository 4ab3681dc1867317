"""How a history ends: faults off, one last refresh, and everything compared.

Enters: a world after its steps. Leaves: counts; raises Failed where something is not as a first
import of the same Stripe makes it, is lost, or was sent twice without need.
"""

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
from fresh_outcome import SUMS, Outcome, compared, outcome, unknown_amounts, without
from history_world import Failed, World
from landed import differences, untrue
from sent_twice import FORGOTTEN, NO_NEED
from stage_process import begun

from reverse_sync.values.traits import json_text
from sandbox.misbehaviour import feed
from sandbox.webhooks import ledger

REVENUE = ("stripe.mrr", "stripe.allMrr")  # Vitally has none of an account that is not subscribed


def settle(world: World) -> None:
    """Late events show up, webhooks arrive; everything is refreshed without faults, and imported
    anew beside it."""
    world.accounts.kinds = ()
    world.receive()
    feed.release(world.store)
    until = time.monotonic() + 30
    while world.owed() and time.monotonic() < until:
        time.sleep(0.02)
    settings = world.settings(world.sound) | {"DATA_DIR": str(anew(world))}
    del settings["ACCOUNT_STORE_URL"]
    fresh = begun(("load", "build", "deliver"), world.folder, settings, as_of=world.as_of)
    load = ("load", "reconcile") if world.unseen else ("load",)
    last = world.begin_delivery(*load, "build", "release", "deliver", sound=True)
    for code in (fresh.ended(), last.ended()):
        if code:
            raise Failed(f"a refresh without faults ended with {code}")
    world.sent.ended(killed=False, unresolved=world.unresolved())


def check(world: World) -> None:
    """Raises Failed, with what differs, by name."""
    twice = world.sent.judged(world.accounts.arrivals)
    world.counts.update(twice)
    lost = sorted(_lost(world))
    wrong = dict(_divergences(world))
    world.counts["webhooks lost"] += len(lost)
    world.counts["divergences"] += len(wrong)
    if lost:
        wrong["webhooks lost"] = lost
    wrong |= {name: twice[name] for name in (NO_NEED, FORGOTTEN) if twice[name]}
    if wrong:
        raise Failed("\n".join(f"{name}: {str(what)[:1500]}" for name, what in wrong.items()))


def anew(world: World) -> Path:
    return world.folder / "anew"


def _divergences(world: World) -> Iterator[tuple[str, Any]]:
    kept, new = world.data, anew(world)
    landed = differences(kept / "warehouse.duckdb", new / "warehouse.duckdb")
    true = untrue(kept / "warehouse.duckdb", world.store.truth())
    for what, by_table in (("a first import", landed), ("the sandbox", true)):
        for table, rows in by_table.items():
            if rows:
                yield f"{table} is not that of {what}", rows[:4]
    (ledger_file,) = (kept / "targets").glob("*.db")
    here = outcome(kept / "marts.duckdb", ledger_file)
    there = outcome(new / "marts.duckdb", new / "accounts.db")
    gone = _gone(world)
    yield from _marts(here, there, gone)
    yield from _accounts(here, there, gone)
    yield from _held(world)


def _gone(world: World) -> set[str]:
    """Customers that are deleted by now, and their accounts."""
    deleted: dict[str, Any] = world.store.truth(["customer"])["deleted"]["customer"]
    accounts = {one["metadata"].get("account_id") for one in deleted.values()}
    query = "select metadata ->> '$.account_id' from stripe.customers where list_contains(?, id)"
    with duckdb.connect(str(world.data / "warehouse.duckdb"), read_only=True) as database:
        accounts |= {name for (name,) in database.execute(query, [list(deleted)]).fetchall()}
    return {*deleted, *accounts} - {None, ""}


def _marts(here: Outcome, there: Outcome, gone: set[str]) -> Iterator[tuple[str, Any]]:
    for mart in sorted(there.marts.keys() - (SUMS if gone else ())):
        rows = there.marts[mart]
        unknown = there.unknown if mart == "mrr_by_month" else set()
        kept, new = (
            {row for row in without(of, gone) if row[0] not in unknown}
            for of in (here.marts[mart], rows)
        )
        if kept != new:
            yield f"{mart} is not that of a first import", (kept - new, new - kept)


def _accounts(here: Outcome, there: Outcome, gone: set[str]) -> Iterator[tuple[str, Any]]:
    unknown = unknown_amounts(there)
    for account, row in there.store.items():
        if account in gone:
            continue
        held = here.store.get(account)
        if compared(held, account in unknown) != compared(row, account in unknown):
            yield f"account {account} is not that of a first import", (held, row)


def _held(world: World) -> Iterator[tuple[str, Any]]:
    """The store itself beside the marts."""
    query = "select account_id, traits::varchar from account_traits"
    with duckdb.connect(str(world.data / "marts.duckdb"), read_only=True) as database:
        rows = database.execute(query).fetchall()
    beside = REVENUE if world.history.store == "vitally" else ()
    for account, text in rows:
        wanted = json.loads(text)
        held = json.loads(json_text(world.accounts.behaved.held(account) or {}))
        traits = {*wanted, *held}.difference(beside)
        if wrong := [name for name in sorted(traits) if held.get(name) != wanted.get(name)]:
            found = [(name, held.get(name), wanted.get(name)) for name in wrong]
            yield f"account {account} at the store is not that of the marts", found


def _lost(world: World) -> set[str]:
    """Acknowledged webhooks that the inbox does not have, or that wait after the last load."""
    owned = {one.event for one in ledger.log(world.store) if one.status == "delivered"}
    owned |= world.acknowledged
    world.counts["webhooks acknowledged"] += len(owned)
    with closing(sqlite3.connect(world.data / "events.db")) as inbox:
        kept = "select id from events union select id from refused_events"
        known = {name for (name,) in inbox.execute(kept)}
        waiting = "select distinct event_id from pointers where done_at is null"
        waits = {name for (name,) in inbox.execute(waiting)}
    return (owned - known) | (owned & waits)
