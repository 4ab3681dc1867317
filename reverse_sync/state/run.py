"""What one sync is, and how its connection to the warehouse is used.

Enters: a DuckDB connection. Leaves: transactions, rows as tables, counts. The tables stand in
schema.py.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from duckdb import DuckDBPyConnection

from reverse_sync.values.store_rules import EVERYTHING, StoreRules

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Scope:
    """Which accounts a run looks at, and whether it sends them whole.

    `accounts`: these alone (None: all of account_traits). `whole`: every trait is sent, whatever
    the acknowledged values say. `follows`: of all others
    account_traits says what it said in that build, so that a store that holds it needs these alone.
    """

    accounts: tuple[str, ...] | None = None
    whole: bool = False
    follows: str | None = None


@dataclass(frozen=True, kw_only=True)
class Run:
    """The identity of one sync; its version orders it after every earlier one.

    `as_of` is the moment that accounts are judged at, `clock` the one that waiting is measured by
    (None: the same).
    """

    run_id: str
    version: int
    mode: str
    tracking: str
    as_of: datetime
    clock: datetime | None = None
    kind: str = "sync"  # sync, apply, retry, resync, repair, undo
    scope: Scope = field(default_factory=Scope)
    rules: StoreRules = EVERYTHING

    @property
    def now(self) -> datetime:
        return self.clock or self.as_of

    @property
    def at(self) -> datetime:
        """as_of as the state tables keep it."""
        return naive(self.as_of)


def naive(moment: datetime) -> datetime:
    """UTC without zone, as the state tables keep times."""
    return moment.astimezone(UTC).replace(tzinfo=None)


@contextmanager
def transaction(connection: DuckDBPyConnection) -> Iterator[None]:
    """All or nothing, on a connection that autocommits."""
    connection.execute("begin transaction")
    try:
        yield
        connection.execute("commit")
    except BaseException:
        connection.execute("rollback")
        raise


@contextmanager
def rows_as_table(
    connection: DuckDBPyConnection, name: str, rows: Sequence[tuple[Any, ...]], schema: "pa.Schema"
) -> Iterator[None]:
    """Rows, in the order of the schema's fields, as a table to join with: DuckDB inserts them a
    thousand times faster than one by one."""
    import pyarrow as pa

    columns = zip(*rows, strict=True) if rows else ([] for _ in schema)
    arrays = [pa.array(one, field.type) for one, field in zip(columns, schema, strict=True)]
    connection.register(name, pa.Table.from_arrays(arrays, schema=schema))
    yield
    # Not after a failure: its transaction is lost, and what is registered goes with it.
    connection.unregister(name)
    pa.default_memory_pool().release_unused()


def count(connection: DuckDBPyConnection, query: str, *parameters: object) -> int:
    """The one number of a query; 0 where it is null."""
    row = connection.execute(query, list(parameters)).fetchone()
    return int(row[0] or 0) if row else 0
