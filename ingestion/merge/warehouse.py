"""The landing tables in the warehouse: merge pages through dlt, find what a full read did not see.

Enters: pages of one Stripe account. Leaves: merged rows, tombstones included. What differs between
engines stands in `engines`. The caller holds the lock.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, suppress
from datetime import datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

from ingestion.engines import Engine, Place, engine
from ingestion.engines.guard import FEW_BYTES, MEMORY, SCHEMA
from ingestion.landing import TABLES, TOMBSTONED
from ingestion.stripe_api.event_types import Pointer
from ingestion.stripe_api.reader import Page

if TYPE_CHECKING:
    from ingestion.merge.batches import Batch
    from ingestion.merge.fitting_rows import Entry


def opened_once(warehouse: Place) -> AbstractContextManager[None]:
    """Whoever opens the warehouse in the block finds it open."""
    return engine(warehouse).opened_once()


def load_libraries(warehouse: Place) -> None:
    """Begin to load dlt and Arrow, for a first load: it waits for Stripe meanwhile, and needs
    them with its first page."""

    def load() -> None:
        with suppress(Exception):  # who needs them says why they are not to be had
            import ingestion.merge.dlt_merge  # noqa: F401

            engine(warehouse).destination()

    Thread(target=load, name="libraries").start()


class Landing:
    """`stripe.*` in one warehouse, as one load of one Stripe account sees it.

    `loaded_at` (naive UTC) marks the rows that this load merges; see `next_loaded_at`. A merge of
    up to `few_bytes` goes without dlt; None: as many as is quicker.
    """

    def __init__(
        self,
        warehouse: Place,
        state: Path,
        *,
        stripe_account_id: str,
        loaded_at: datetime,
        few_bytes: int | None = None,
    ) -> None:
        self._engine: Engine = engine(warehouse)
        self._state = state
        self._account = stripe_account_id
        self.loaded_at = loaded_at
        self._few = few_bytes
        self._open: ExitStack | None = None
        self.waiting = 0  # bytes of rows that the merge under way has taken

    def merge(self, pages: Iterator[Page]) -> dict[str, int]:
        """Merge pages; rows by table. All or nothing: a failed read loads no row."""
        from ingestion.merge.merge import merge  # Arrow, which an idle load saves

        self.waiting = 0
        few = FEW_BYTES if self._few is None else self._few
        with self._engine.loading(self._account):
            rows = merge(self._batches(pages), self._engine, self._state, few=few)
        if self._open:
            self._open.enter_context(self._engine.opened_once())
            self._open = None
        return rows

    def keep_open(self, stack: ExitStack) -> None:
        """From the next merge on, which makes a new file, until the stack is closed."""
        self._open = stack

    def _batches(self, pages: Iterator[Page]) -> "Iterator[Batch]":
        """First what makes the tables that are not there yet."""
        from ingestion.merge.batches import EMPTY, batches
        from ingestion.merge.fitting_rows import Quarantine
        from ingestion.merge.tombstones import Burial

        there = self._engine.tables()
        yield {name: table for name, table in EMPTY.items() if name not in there}
        yield from batches(
            pages,
            Burial(self._engine, self._account, self.loaded_at).rows,
            Quarantine(self.kept_out()),
            stripe_account_id=self._account,
            loaded_at=self.loaded_at,
            on_rows=self._take,
        )

    def _take(self, size: int) -> None:
        self.waiting += size

    def tables(self) -> set[str]:
        """The landing tables that are there."""
        return self._engine.tables()

    def known(self, stream: str, ids: list[str]) -> set[str]:
        """Which of these ids a landing table holds, or would, if they were not kept out."""
        if stream not in self._engine.tables():
            return set()
        found = self.query(
            f"select id from {SCHEMA}.{stream}"
            " where stripe_account_id = $account and id in (select unnest($ids::varchar[]))"
            f" union all select object_id from {SCHEMA}.quarantine"
            " where stripe_account_id = $account and stream = $stream and cleared_at is null",
            stream,
            "quarantine",
            ids=ids,
            stream=stream,
        )
        return {row[0] for row in found}

    def kept_out(self) -> "dict[str, Entry]":
        """What is in quarantine, by the id of its row."""
        if "quarantine" not in self._engine.tables():
            return {}
        names = ("id", "stream", "object_id", "path", "problem")
        found = self.query(
            f"select {', '.join(names)} from {SCHEMA}.quarantine"
            " where stripe_account_id = $account and cleared_at is null",
            "quarantine",
        )
        return {row[0]: dict(zip(names, row, strict=True)) for row in found}

    def living(self) -> dict[str, int]:
        """How many objects of each stream are not known to be deleted."""
        counts = " union all ".join(
            f"select '{name}', count(*) from {SCHEMA}.{name}"
            " where stripe_account_id = $account and deleted_at is null"
            for name in TOMBSTONED
        )
        return dict(self.query(counts, *TOMBSTONED))

    def seen(self, pointers: list[Pointer], *, since: datetime) -> list[Pointer]:
        """Which of these a read since `since` has brought."""
        found: list[Pointer] = []
        for name in sorted({stream for stream, _ in pointers} & set(TOMBSTONED)):
            found += self.query(
                f"select $stream, id from {SCHEMA}.{name} where stripe_account_id = $account"
                " and read_at >= $since and id in (select unnest($ids::varchar[]))",
                name,
                since=since,
                stream=name,
                ids=[one for stream, one in pointers if stream == name],
            )
        return found

    def query(self, sql: str, *tables: str, memory: str = MEMORY, **values: Any) -> list[Any]:
        """Rows of this Stripe account ($account) in these landing tables."""
        with self._engine.reading(*tables, memory=memory) as database:
            return database.execute(sql, {"account": self._account, **values}).fetchall()

    def unseen(self, *, since: datetime, after: Pointer, most: int) -> list[Pointer]:
        """Objects that no read since `since` has brought and that are not known to be deleted:
        in order, `most` of those after `after`."""
        select = " union all ".join(
            f"select '{name}' as stream, id from {SCHEMA}.{name}"
            " where stripe_account_id = $account and read_at < $since and deleted_at is null"
            for name in TOMBSTONED
        )
        return self._part(select, TOMBSTONED, after, most, since=since)

    def _part(
        self, select: str, tables: tuple[str, ...], after: Pointer, most: int, **values: Any
    ) -> list[Pointer]:
        return self.query(
            f"select stream, id from ({select}) where (stream, id) > ($stream, $id)"
            " order by all limit $most",
            *tables,
            stream=after[0],
            id=after[1],
            most=most,
            **values,
        )


def exists(warehouse: Place) -> bool:
    """Whether landing tables are there: a new or lost warehouse begins with a full read."""
    return TABLES[0].name in engine(warehouse).tables()


def next_loaded_at(warehouse: Place, now: datetime) -> datetime:
    """`now` (naive UTC), or just above all that is landed: who reads on from one misses no row,
    and no read is older than those before it, whatever the clock did."""
    there = engine(warehouse).tables()
    if TABLES[0].name not in there:
        return now
    names = [table.name for table in TABLES if table.name in there]
    moments = " union all ".join(
        f"select greatest(max(loaded_at), max(read_at)) as latest from {SCHEMA}.{name}"
        for name in names
    )
    with engine(warehouse).reading(*names) as database:
        found = database.execute(f"select max(latest) from ({moments})").fetchone()
    last = found[0] if found else None
    return max(now, last + timedelta(microseconds=1)) if last else now
