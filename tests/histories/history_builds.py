"""A random history's builds, published, and what stands in them.

Enters: warehouses of examples and the moments of a history. Leaves: files and sorted rows.
"""

import shutil
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
from examples_build import AS_OF, RunSettings, Warehouse

from orchestration.build.scope import BuildKind
from orchestration.build.transform import Transformed
from orchestration.publication.publish import publish


def publish_build(warehouse: Warehouse, made: Transformed) -> Path:
    """The published copy, brought along with this build."""
    copy = warehouse.path.with_name("marts.duckdb")
    with duckdb.connect(str(warehouse.path)) as database:
        if made.scope.kind is not BuildKind.NOTHING:
            publish(database, copy, build=made.scope.id, follows=made.scope.follows)
    return copy


def moments() -> Callable[[], datetime]:
    """A later moment at each call."""
    moment = AS_OF

    def later() -> datetime:
        nonlocal moment
        moment += timedelta(seconds=1)
        return moment

    return later


def land(
    warehouse: Warehouse, changes: Iterator[tuple[str, list[Any]]], clock: Callable[[], datetime]
) -> None:
    for stripe_account, objects in changes:
        warehouse.land(objects, read_at=clock(), stripe_account_id=stripe_account)


def rebuild(
    warehouse: Warehouse, settled: RunSettings, as_of: datetime, *, full: bool = True
) -> Warehouse:
    """A copy of the same name, built at the same moment, whole unless `full` is off."""
    folder = warehouse.path.parent / f"again_{as_of:%d%H%M%S%f}"
    folder.mkdir(exist_ok=True)
    copied = Warehouse(folder / warehouse.path.name)
    shutil.copy(warehouse.path, copied.path)
    copied.refresh(RunSettings(**{**vars(settled), "as_of": as_of}), full=full)
    return copied


def marts(warehouse: Warehouse) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all marts and of the history, sorted."""
    return {
        f"{schema}.{name}": rows
        for schema in ("marts", "history")
        for name, rows in rows_of(warehouse.path, schema).items()
    }


def rows_of(path: Path, schema: str) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of the tables of one schema, sorted."""
    with duckdb.connect(str(path), read_only=True) as database:
        names = database.execute(
            "select table_name from duckdb_tables() where schema_name = ? order by 1", [schema]
        ).fetchall()
        return {
            name: database.execute(
                f'select columns(*)::varchar from {schema}."{name}" order by all'
            ).fetchall()
            for (name,) in names
        }
