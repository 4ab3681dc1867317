"""The SQLite tables of the store, made from the table of kinds.

Leaves: statements. One table a kind (what lives inside another object has none), the JSON text
after the columns that filters need, so that an index is made without reading the texts;
`tombstones` keep what was deleted, `meta` says what a file holds, `idempotency` what was answered.
"""

from collections.abc import Iterator

from sandbox.kinds import KINDS, Kind

STORED = tuple(kind for kind in KINDS.values() if not kind.within)

_OTHERS = (
    "CREATE TABLE IF NOT EXISTS subscription_items"
    " (id TEXT NOT NULL, subscription TEXT NOT NULL, price TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS tombstones"
    " (kind TEXT NOT NULL, id TEXT NOT NULL, created INTEGER NOT NULL, json TEXT NOT NULL,"
    " PRIMARY KEY (kind, id))",
    "CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS idempotency (key TEXT PRIMARY KEY, print TEXT NOT NULL,"
    " status INTEGER NOT NULL, body BLOB NOT NULL)",
)
_OTHER_INDEXES = (
    "CREATE UNIQUE INDEX IF NOT EXISTS subscription_items_id ON subscription_items (id)",
    "CREATE INDEX IF NOT EXISTS subscription_items_subscription"
    " ON subscription_items (subscription, price)",
    "CREATE INDEX IF NOT EXISTS subscription_items_price ON subscription_items (price)",
)


def tables() -> Iterator[str]:
    for kind in STORED:
        columns = "".join(f", {column} TEXT" for column in kind.columns)
        yield (
            f"CREATE TABLE IF NOT EXISTS {kind.table} (id TEXT NOT NULL,"
            f" created INTEGER NOT NULL, wide INTEGER NOT NULL{columns}, extra TEXT,"
            f" json TEXT NOT NULL)"
        )
    yield from _OTHERS


def indexes() -> Iterator[str]:
    for kind in STORED:
        yield f"CREATE UNIQUE INDEX IF NOT EXISTS {kind.table}_id ON {kind.table} (id)"
        yield (
            f"CREATE INDEX IF NOT EXISTS {kind.table}_created"
            f" ON {kind.table} (created, id{''.join(f', {name}' for name in _narrow(kind))})"
        )
        for column in kind.columns:
            yield (
                f"CREATE INDEX IF NOT EXISTS {kind.table}_{column}"
                f" ON {kind.table} ({column}, created, id)"
            )
    yield from _OTHER_INDEXES


def drop_indexes() -> Iterator[str]:
    for statement in indexes():
        yield f"DROP INDEX {statement.split(' ON ')[0].split()[-1]}"


def _narrow(kind: Kind) -> list[str]:
    """Columns whose filters let through several values: the walk by time tests them itself."""
    return [name for name in kind.columns if name in ("status", "type")]


def insert(kind: Kind) -> str:
    names = ("id", "created", "wide", "extra", "json", *kind.columns)
    marks = ", ".join("?" * len(names))
    return f"INSERT OR REPLACE INTO {kind.table} ({', '.join(names)}) VALUES ({marks})"
