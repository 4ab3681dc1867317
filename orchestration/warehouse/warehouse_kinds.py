"""The warehouse: all that the stages do otherwise by what `WAREHOUSE_URL` names.

Enters: the setting. Leaves: an `InFile`, or one of those that stand in for it. The choice is made
here and nowhere else; what ingestion does otherwise is its `Engine`.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from orchestration.warehouse.url import (
    DUCKDB,
    DUCKLAKE,
    ICEBERG,
    ICEBERG_HTTP,
    SPARK,
    parts,
    scheme,
)

if TYPE_CHECKING:
    import duckdb

    from ingestion.engines import Engine, Place
    from ingestion.engines.ducklake import DuckLake
    from ingestion.engines.iceberg.lake import Lake
    from ingestion.engines.iceberg.rest_lake import RestLake


@dataclass(frozen=True)
class Built:
    """How a build ended, and whether it was one of all marts or `refreshed` some of their rows."""

    passed: bool
    refreshed: bool


@dataclass(frozen=True, kw_only=True)
class InFile:
    """`stripe.*`, marts and the sync's own state in one DuckDB file of this machine."""

    file: Path
    # Whether a backup of DATA_DIR is all that it takes.
    is_local = True
    # Whether `stripe.*` are its tables, of one moment each build.
    lands_in_file = True
    # Whether nobody else looks after its tables.
    wants_upkeep = False

    @property
    def place(self) -> "Place":
        """Where `stripe.*` is."""
        return self.file

    @property
    def secrets(self) -> list[str]:
        """What nobody may be told."""
        return []

    @property
    def project(self) -> str:
        """The name before every relation's in a parsed dbt project."""
        return self.file.stem

    @property
    def profile(self) -> dict[str, str]:
        """What profiles.yml reads."""
        return {"WAREHOUSE_TARGET": "duckdb", "WAREHOUSE_PATH": str(self.file)}

    @contextmanager
    def landing(
        self, database: "duckdb.DuckDBPyConnection"
    ) -> Iterator["duckdb.DuckDBPyConnection"]:
        """A connection that reads `stripe.*` and `seeds.fx_rates`; `database` is the file's."""
        yield database

    def prepare_build(self, database: "duckdb.DuckDBPyConnection") -> None:
        """Give the models of a build what they read and cannot reach."""

    def collect_marts(self, database: "duckdb.DuckDBPyConnection", built: Built) -> None:
        """A build's marts to where they are read. Of one that did not pass, the values that no rule
        knows."""

    def keep_up(self, *, at: datetime) -> dict[str, dict[str, int]]:  # noqa: ARG002
        """What was done for each table of a lake that has no engine to do it; `at` (UTC): now."""
        return {}


@dataclass(frozen=True, kw_only=True)
class InLake(InFile, ABC):
    """`stripe.*` in a lake: the catalog's database, which may hold a password, and its folder. The
    file has marts and the sync's own state."""

    catalog_url: str = field(repr=False)
    folder: str
    is_local = lands_in_file = False

    @property
    @abstractmethod
    def place(self) -> "Engine": ...

    @property
    def secrets(self) -> list[str]:
        return [self.catalog_url, urlsplit(self.catalog_url).password or ""]

    @contextmanager
    def landing(
        self,
        database: "duckdb.DuckDBPyConnection",  # noqa: ARG002 - it holds none of them
    ) -> Iterator["duckdb.DuckDBPyConnection"]:
        from orchestration.warehouse.landed_read import landed

        with landed(self.place) as found:
            yield found


@dataclass(frozen=True, kw_only=True)
class InDuckLake(InLake):
    """A lake of several machines; each builds in its file."""

    @property
    def place(self) -> "DuckLake":
        from ingestion.engines.ducklake import DuckLake

        return DuckLake(self.catalog_url, self.folder)

    def prepare_build(self, database: "duckdb.DuckDBPyConnection") -> None:
        self.place.attach_snapshot(database)

    def collect_marts(self, database: "duckdb.DuckDBPyConnection", built: Built) -> None:
        self.place.detach(database)
        if built.passed:
            self.place.share(database, "marts")


@dataclass(frozen=True, kw_only=True)
class OnSpark(InLake):
    """Iceberg tables in which Spark builds: besides, its thrift server's host and port."""

    host: str
    port: int

    @property
    def place(self) -> "Lake":
        from ingestion.engines.iceberg.lake import Lake  # of the extra `spark`

        return Lake(self.catalog_url, self.folder)

    @property
    def project(self) -> str:
        return "spark"

    @property
    def profile(self) -> dict[str, str]:
        where = {"WAREHOUSE_HOST": self.host, "WAREHOUSE_PORT": str(self.port)}
        return {"WAREHOUSE_TARGET": "spark", **where}

    def prepare_build(self, database: "duckdb.DuckDBPyConnection") -> None:
        from orchestration.warehouse.from_spark import prepare_build

        prepare_build(self.place.catalog, database)

    def collect_marts(self, database: "duckdb.DuckDBPyConnection", built: Built) -> None:
        from orchestration.warehouse.from_spark import collect_marts

        found = self.place.catalog
        collect_marts(found, database, passed=built.passed, refreshed=built.refreshed)


@dataclass(frozen=True, kw_only=True)
class InCatalog(InFile):
    """`stripe.*` and marts as Iceberg tables of a REST catalog; the file has a copy of what whole
    loads have landed, in which the models run as in a file alone, and the sync's own state."""

    uri: str
    warehouse: str
    options: tuple[tuple[str, str], ...]
    credential: str | None = field(repr=False)
    is_local = False
    wants_upkeep = True

    @property
    def place(self) -> "RestLake":
        from ingestion.engines.iceberg.rest_lake import RestLake  # of the extra `iceberg`

        return RestLake(self.uri, self.warehouse, self.options, self.credential)

    @property
    def secrets(self) -> list[str]:
        given = self.credential or ""
        return [given, given.partition(":")[2]]

    @contextmanager
    def landing(
        self, database: "duckdb.DuckDBPyConnection"
    ) -> Iterator["duckdb.DuckDBPyConnection"]:
        from orchestration.clock import now
        from orchestration.warehouse.landed_copy import bring

        place = self.place
        with place.used():
            bring(place, database, at=now())
        yield database

    def collect_marts(self, database: "duckdb.DuckDBPyConnection", built: Built) -> None:
        from orchestration.warehouse.shared_marts import share

        place = self.place
        with place.used():
            if built.passed:
                share(place.catalog, database)

    def keep_up(self, *, at: datetime) -> dict[str, dict[str, int]]:
        from orchestration.warehouse.lake_upkeep import keep_up

        return keep_up(self.place, at=at)


WAREHOUSES: dict[str, type[InFile]] = {
    DUCKDB: InFile,
    DUCKLAKE: InDuckLake,
    SPARK: OnSpark,
    ICEBERG: InCatalog,
    ICEBERG_HTTP: InCatalog,
}


def warehouse(url: str | None, file: Path, *, credential: str | None = None) -> InFile:
    """By a setting that `url.problems` has nothing to say of; `file` where it names none.
    `credential`: of a REST catalog."""
    kind = WAREHOUSES[scheme(url or DUCKDB)]
    given = {"file": file} | (parts(url) if url else {})
    return kind(**given | ({"credential": credential} if kind is InCatalog else {}))
