"""What holds the landing tables: the one place of ingestion that knows which engine it is.

Enters: where the tables are. Leaves: an `Engine`, all that a load asks of them. SQL that both
engines read stays with those who ask it.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import duckdb

from ingestion.engines.duck import DuckFile
from ingestion.landing.columns import Table

if TYPE_CHECKING:
    import pyarrow as pa
    from dlt.common.destination import Destination


class Engine(Protocol):
    """Landing tables `stripe.*` in one warehouse. The caller holds the writers' lock."""

    @property
    def place(self) -> str:
        """Which warehouse it is, to tell it from another one; it holds no secret."""

    def opened_once(self) -> AbstractContextManager[None]:
        """Whoever opens the warehouse in the block finds it open already."""

    def loading(self, stripe_account_id: str) -> AbstractContextManager[None]:
        """One load of a Stripe account: of the same one there is no other meanwhile."""

    def whole_load(self, stripe_account_id: str) -> AbstractContextManager[None]:
        """All merges of one load; where it ends well, others may take the load for whole."""

    def tables(self) -> set[str]:
        """The landing tables that are there."""

    def reading(
        self, *tables: str, memory: str | None = None
    ) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        """A connection that reads `stripe.TABLE` for these tables as they are now, in DuckDB's SQL.

        `memory`: what DuckDB may take before it goes on on disk.
        """

    def merge_few(self, tables: "Mapping[str, pa.Table]") -> bool:
        """Merge a few rows without dlt, by the same guard; False: dlt has to merge them."""

    def destination(self) -> "Destination[Any, Any]":
        """Where dlt writes."""

    def hints(self, table: Table) -> dict[str, Any]:
        """dlt's hints for a merge on the key that leaves out what is older than the landed row."""

    def add_account_columns(self, stripe_account_id: str, now: datetime) -> list[str]:
        """Tables of an older version in today's columns; which ones it changed."""


Place = Path | Engine


def engine(place: Place) -> Engine:
    """A path is a DuckDB file's."""
    return DuckFile(place) if isinstance(place, Path) else place
