"""The published copy `marts.duckdb`: what analysts, BI tools and the reverse-sync read.

Enters: the warehouse, under its lock. Leaves: one file that is replaced whole, so that a reader
sees the old copy or the new one and never waits. Nothing is computed here.

The tables stand in `main`, and no schema is called `marts`: DuckDB names an opened file's catalog
after the file, so `x` and `marts.x` both work, opened and attached. Beside a schema `marts`,
`marts.x` would be ambiguous.
"""

from datetime import datetime
from pathlib import Path

import duckdb

from orchestration.publication.ahead import in_line
from orchestration.publication.catalog import Catalog
from orchestration.publication.mark import mark, published_build
from orchestration.publication.marts import count_rows
from orchestration.publication.published_file import Copy, replacing
from orchestration.publication.records import publish_target, record_tables, replace_records
from orchestration.publication.whole_table import as_published, copy_table

MARTS = "marts"  # the schema of the warehouse


def publish(  # noqa: PLR0913  (all by keyword)
    database: duckdb.DuckDBPyConnection,
    marts: Path,
    *,
    build: str | None = None,
    follows: str | None = None,
    at: datetime | None = None,
    copy: Copy | None = None,
) -> dict[str, int]:
    """Copy all marts and the sync's own records to `marts`; rows by table.

    `build` is the id of what the warehouse holds. It replaced some rows of the build that it
    `follows`: where that one is published, the same rows are replaced in a copy of the file, which
    is cheaper than to write all of them. `at` is noted as the moment of publication (aware): the
    reverse-sync refuses an old copy. `copy` was begun beside the build.
    """
    if follows and published_build(database, marts) == follows:
        return _publish_replaced(database, copy or Copy(marts), build, at)
    with replacing(database, marts):
        database.execute("create schema published.publication")
        catalog = Catalog(database)
        tables = [*record_tables(catalog), *((MARTS, name) for name in catalog.tables(MARTS))]
        counts = {name: copy_table(database, catalog, schema, name) for schema, name in tables}
        mark(database, catalog, build, at)
        publish_target(database, catalog)
        return counts


def _publish_replaced(
    database: duckdb.DuckDBPyConnection, copy: Copy, build: str | None, at: datetime | None
) -> dict[str, int]:
    replaced = database.execute("select mart, rows from pipeline.replaced").fetchall()
    with replacing(database, copy.marts, copy):
        catalog = Catalog(database)
        tables = catalog.tables(MARTS)
        with in_line(database, catalog):
            for name in tables:
                conditions = [rows for mart, rows in replaced if mart == name]
                _replace_rows(database, catalog, name, conditions)
            replace_records(database, catalog)
            mark(database, catalog, build, at)
        published = [*tables, *(name for _, name in record_tables(catalog))]
        return {name: count_rows(database, f'published.main."{name}"') for name in published}


def _replace_rows(
    database: duckdb.DuckDBPyConnection, catalog: Catalog, name: str, conditions: list[str]
) -> None:
    """What the build deleted and put in; nothing where it left the mart alone."""
    for rows in conditions:
        database.execute(f'delete from published.main."{name}" where {rows}')
    if conditions:
        fresh = as_published(database, catalog, f'refreshed."{name}"', name)
        database.execute(f'insert into published.main."{name}" by name {fresh}')


def publish_sync(database: duckdb.DuckDBPyConnection, marts: Path) -> None:
    """Replace the sync's records alone: the marts in the warehouse may be a failed build's."""
    with replacing(database, marts, Copy(marts)):
        replace_records(database, Catalog(database))
