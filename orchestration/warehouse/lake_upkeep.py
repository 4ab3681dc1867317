"""The upkeep of a lake with a REST catalog: landing tables and marts.

Enters: the lake, a moment, how long snapshots are kept. Leaves: what was done, by table. Snapshots
that a build may still read, or that are of the marts of one build, stay however old they are.
"""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pyiceberg.catalog import Catalog
from pyiceberg.exceptions import NoSuchNamespaceError
from pyiceberg.table import Table

from ingestion.engines.guard import SCHEMA
from ingestion.engines.iceberg.commits import again
from ingestion.engines.iceberg.upkeep import Kept, compact, expire, remove_orphans
from ingestion.engines.iceberg.whole_loads import LOADS
from orchestration.warehouse.shared_marts import BUILDS, MARTS, current

if TYPE_CHECKING:
    from ingestion.engines.iceberg.rest_lake import RestLake

SNAPSHOTS = timedelta(days=5)
ORPHANS = timedelta(days=3)  # longer than any commit takes


def keep_up(
    lake: "RestLake",
    *,
    at: datetime,
    snapshots: timedelta = SNAPSHOTS,
    orphans: timedelta = ORPHANS,
) -> dict[str, dict[str, int]]:
    """`at` (aware UTC): now. Raises LakeUnreachable."""
    with lake.used():
        catalog, needed = lake.catalog, _needed(lake)
        names = [*_tables(catalog, SCHEMA), *_tables(catalog, MARTS), LOADS, BUILDS]
        there = at + timedelta(seconds=catalog.ahead)  # by the clock that dates commits and files
        limits = _Limits(there - snapshots, there - orphans, needed)
        return {
            ".".join(name): asdict(_kept(catalog.load_table(name), limits))
            for name in names
            if catalog.table_exists(name)
        }


@dataclass(frozen=True)
class _Limits:
    """From which moment on snapshots and files stay, and which snapshots whenever they are of."""

    snapshots: datetime
    files: datetime
    needed: set[int]


def _kept(table: Table, limits: _Limits) -> Kept:
    def expired() -> int:
        return expire(table.refresh(), before=limits.snapshots, needed=limits.needed)

    return Kept(
        compacted=again(lambda: compact(table.refresh())),
        expired=again(expired),
        removed=remove_orphans(table.refresh(), before=limits.files),
    )


def _tables(catalog: Catalog, namespace: str) -> list[tuple[str, str]]:
    try:
        return sorted((namespace, name) for _, name in catalog.list_tables(namespace))
    except NoSuchNamespaceError:
        return []


def _needed(lake: "RestLake") -> set[int]:
    whole = lake.whole_loads.snapshots().values()
    shared = current(lake.catalog).values()
    return {one for snapshots in whole for one in snapshots.values()} | {
        one["snapshot"] for one in shared
    }
