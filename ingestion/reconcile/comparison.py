"""The landed rows beside what Stripe lists: which objects differ, which are no longer listed.

Enters: pages of lists, as landing rows. Leaves: ids. The warehouse is read, not written; what is
compared are ids and hashes of an object's rows, nested ones too. The caller holds the lock.
"""

from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from typing import Self

import duckdb
import pyarrow as pa

from ingestion.engines import Engine, Place, engine
from ingestion.engines.guard import SCHEMA
from ingestion.landing import TABLES, TOMBSTONED
from ingestion.landing.references import ROOTS
from ingestion.stripe_api.event_types import Pointer
from ingestion.stripe_api.reader import Page, Range

COLUMNS = {table.name: [column.name for column in table.columns] for table in TABLES}


class Comparison:
    """`with Comparison(...) as seen: seen.look(page, tables)`; then `differing`, `unlisted`."""

    def __init__(self, warehouse: Place, stripe_account_id: str) -> None:
        self._engine: Engine = engine(warehouse)
        self._open = ExitStack()
        self._account = stripe_account_id
        self.listed: Counter[str] = Counter()
        self.absent: Counter[str] = Counter()
        self.differing: set[Pointer] = set()
        self._database: duckdb.DuckDBPyConnection

    def __enter__(self) -> Self:
        self._database = self._open.enter_context(self._engine.reading(*COLUMNS, memory="384MiB"))
        self._database.execute("create temp table seen (stream varchar, id varchar)")
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def look(self, page: Page, tables: dict[str, pa.Table]) -> None:
        """Compare one page; `tables` are its landing rows, without what is in quarantine."""
        ids = [one["id"] for one in page.objects]
        self.listed[page.stream] += len(ids)
        self._database.execute(
            "insert into seen select ?, unnest(?::varchar[])", [page.stream, ids]
        )
        if not ids or page.stream not in tables:
            return
        known = self._ids(
            f"select id from {SCHEMA}.{page.stream} where stripe_account_id = $account"
            " and id in (select unnest($ids::varchar[]))",
            ids,
        )
        self.absent[page.stream] += len(set(ids) - known)
        for name, fresh in tables.items():
            if name in COLUMNS and name != "quarantine":
                differing = self._differing(page.stream, name, fresh, tables[page.stream])
                stream = name if name == "payment_methods" else page.stream
                self.differing |= {(stream, one) for one in differing}

    def _differing(self, stream: str, name: str, fresh: pa.Table, roots: pa.Table) -> set[str]:
        """Ids of objects whose rows in this table have another hash than the landed ones."""
        key = ROOTS.get(name, "id")
        own = fresh if name == "payment_methods" else roots
        ids = own.column("id").to_pylist()
        rows = f"md5(row({', '.join(f'part.{column}' for column in COLUMNS[name])})::varchar)"
        content = f"select part.{key} as id, string_agg({rows}, '' order by {rows}) as content"
        sql = (
            f"with fresh as ({content} from fresh_rows as part group by all),"
            f" landed as ({content} from {SCHEMA}.{name} as part {_current(stream, name)}"
            f" and part.stripe_account_id = $account"
            f" and part.{key} in (select unnest($ids::varchar[])) group by all)"
            " select asked.id from (select unnest($ids::varchar[]) as id) as asked"
            " left join fresh using (id) left join landed using (id)"
            " where md5(fresh.content) is distinct from md5(landed.content)"
        )
        self._database.register("fresh_rows", fresh)
        try:
            return self._ids(sql, ids)
        finally:
            self._database.unregister("fresh_rows")

    def _ids(self, sql: str, ids: list[str]) -> set[str]:
        found = self._database.execute(sql, {"account": self._account, "ids": ids}).fetchall()
        return {row[0] for row in found}

    def unlisted(self, ranges: Iterable[Range]) -> list[Pointer]:
        """Landed objects of these ranges that no page has shown and no deletion explains."""
        within = " or ".join(
            f"(epoch(created) >= {part.low} and epoch(created) < {part.high})" for part in ranges
        )
        select = " union all ".join(
            f"select '{name}' as stream, id from {SCHEMA}.{name}"
            f" where stripe_account_id = $account and deleted_at is null and ({within or 'false'})"
            for name in TOMBSTONED
        )
        return self._database.execute(
            f"select stream, id from ({select}) anti join seen using (stream, id) order by all",
            {"account": self._account},
        ).fetchall()


def _current(stream: str, name: str) -> str:
    """Only what counts: of living objects, elements of the last read of what holds them."""
    if name in TOMBSTONED:
        return "where part.deleted_at is null"
    if name not in ROOTS:
        return "where true"
    return (
        f"join {SCHEMA}.{stream} as root on root.id = part.{ROOTS[name]}"
        " and root.stripe_account_id = part.stripe_account_id"
        " and root.read_at = part.read_at where true"
    )
