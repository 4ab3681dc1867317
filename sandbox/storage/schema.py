"""The SQLite tables of the store, made from the table of kinds.

Leaves: statements. One table a kind (what lives inside another object has none), the object's
text (`packed`; `json` is the same for SQL to read, and is kept nowhere) after the columns that
filters need, so that an index is made without reading the texts; `tombstones` keep what was
deleted, `meta` says what a file holds, `idempotency` what was answered, `webhooks` and
`deliveries` who is told of events.
"""

from collections.abc import Iterator
from functools import cache

from sandbox.kinds import KINDS, Kind
from sandbox.storage.database import DICTIONARY

FORMAT = 3  # of the file: tables of another one are not understood
STORED = tuple(kind for kind in KINDS.values() if not kind.within)

_OTHERS = (
    DICTIONARY,
    "CREATE TABLE tombstones"
    " (kind TEXT NOT NULL, id TEXT NOT NULL, created INTEGER NOT NULL, json TEXT NOT NULL,"
    " PRIMARY KEY (kind, id))",
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
    "CREATE TABLE idempotency (key TEXT PRIMARY KEY, print TEXT NOT NULL,"
    " status INTEGER NOT NULL, body BLOB NOT NULL)",
    "CREATE TABLE webhooks (endpoint TEXT PRIMARY KEY, connect INTEGER NOT NULL,"
    " secret TEXT NOT NULL, former TEXT, until REAL)",
    "CREATE TABLE deliveries (number INTEGER PRIMARY KEY AUTOINCREMENT,"
    " event TEXT NOT NULL, type TEXT NOT NULL, owner TEXT NOT NULL, endpoint TEXT NOT NULL,"
    " status TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, answer INTEGER, due REAL NOT NULL,"
    " overtaken INTEGER NOT NULL, copy INTEGER NOT NULL)",
    "CREATE INDEX deliveries_event ON deliveries (event)",
    "CREATE INDEX deliveries_status ON deliveries (status, due)",
    "CREATE INDEX deliveries_endpoint ON deliveries (endpoint, number)",
    # Events at the pin, of accounts whose version is another one.
    "CREATE TABLE originals (event TEXT PRIMARY KEY, json TEXT NOT NULL)",
)
_OTHER_INDEXES = (
    "CREATE UNIQUE INDEX subscription_items_id ON subscription_items (id)",
    "CREATE INDEX subscription_items_subscription ON subscription_items (subscription, price)",
    "CREATE INDEX subscription_items_price ON subscription_items (price)",
)
UNFINISHED = "PRAGMA user_version = 0"
MARK = f"PRAGMA user_version = {FORMAT}"
COUNT = "SELECT count(*) FROM sqlite_master"


def everything() -> Iterator[str]:
    """An empty store."""
    yield from (*tables(), *_OTHERS, *texts(), *indexes(), MARK)


def tables() -> Iterator[str]:
    """Those that are filled in bulk."""
    for kind in STORED:
        columns = "".join(f", {column} TEXT" for column in kind.columns)
        yield (
            f"CREATE TABLE {kind.table} (id TEXT NOT NULL, created INTEGER NOT NULL,"
            f" wide INTEGER NOT NULL{columns}, extra TEXT, packed BLOB NOT NULL)"
        )
    yield (
        "CREATE TABLE subscription_items"
        " (id TEXT NOT NULL, subscription TEXT NOT NULL, price TEXT NOT NULL)"
    )


def texts() -> Iterator[str]:
    """Added last: SQLite would unpack every row that is inserted."""
    for kind in STORED:
        yield f"ALTER TABLE {kind.table} ADD COLUMN json TEXT AS (unpacked(packed))"


def indexes() -> Iterator[str]:
    for kind in STORED:
        yield f"CREATE UNIQUE INDEX {kind.table}_id ON {kind.table} (id)"
        yield (
            f"CREATE INDEX {kind.table}_created"
            f" ON {kind.table} (created, id{''.join(f', {name}' for name in _narrow(kind))})"
        )
        for column in kind.columns:
            yield (f"CREATE INDEX {kind.table}_{column} ON {kind.table} ({column}, created, id)")
    yield from _OTHER_INDEXES


def moves() -> Iterator[str]:
    """Tables anew, with everything from those of an attached `heap` in the order of the lists."""
    for name in (*(kind.table for kind in STORED), "subscription_items"):
        yield f"DROP TABLE {name}"
    yield from tables()
    for kind in STORED:
        order = "ORDER BY created, id"
        yield f"INSERT INTO main.{kind.table} SELECT * FROM heap.{kind.table} {order}"
    yield "INSERT INTO main.subscription_items SELECT * FROM heap.subscription_items"
    yield from texts()


def _narrow(kind: Kind) -> list[str]:
    """Columns whose filters let through several values: the walk by time tests them itself."""
    return [name for name in kind.columns if name in ("status", "type")]


@cache
def insert(name: str) -> str:
    kind = KINDS[name]
    names = ("id", "created", "wide", "extra", "packed", *kind.columns)
    marks = ", ".join("?" * len(names))
    return f"INSERT OR REPLACE INTO {kind.table} ({', '.join(names)}) VALUES ({marks})"


INSERT_ITEM = "INSERT OR REPLACE INTO subscription_items VALUES (?, ?, ?)"
