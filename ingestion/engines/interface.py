"""What an engine must answer: all that a load asks of the landing tables, wherever they are.

Leaves: `Engine`. What most answer alike stands here; SQL that all engines read stays with those who
ask it.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from typing import TYPE_CHECKING, Any

import duckdb

from ingestion.landing.columns import Table

if TYPE_CHECKING:
    import pyarrow as pa
    from dlt.common.destination import Destination

    from ingestion.inbox.loader import Loader


class Engine(ABC):
    """Landing tables `stripe.*` in one warehouse. The caller holds the writers' lock."""

    @property
    @abstractmethod
    def place(self) -> str:
        """Which warehouse it is, to tell it from another one; it holds no secret."""

    def opened_once(self) -> AbstractContextManager[None]:
        """Whoever opens the warehouse in the block finds it open already."""
        return nullcontext()

    def loading(self, stripe_account_id: str) -> AbstractContextManager[None]:  # noqa: ARG002
        """One load of a Stripe account: of the same one there is no other meanwhile."""
        return self.opened_once()

    def whole_load(
        self,
        stripe_account_id: str,  # noqa: ARG002
        loader: "Loader | None" = None,  # noqa: ARG002
    ) -> AbstractContextManager[None]:
        """All merges of one load; where it ends well, others may take the load for whole.

        `loader`: whose load it is; None: of the one that there is. Raises AccountTaken.
        """
        return nullcontext()

    @abstractmethod
    def tables(self) -> set[str]:
        """The landing tables that are there."""

    @abstractmethod
    def reading(
        self, *tables: str, memory: str | None = None
    ) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        """A connection that reads `stripe.TABLE` for these tables as they are now, in DuckDB's SQL.

        `memory`: what DuckDB may take before it goes on on disk.
        """

    def merge_few(self, tables: "Mapping[str, pa.Table]") -> bool:  # noqa: ARG002
        """Merge a few rows without dlt, by the same guard; False: dlt has to merge them."""
        return False

    @abstractmethod
    def destination(self) -> "Destination[Any, Any]":
        """Where dlt writes."""

    def hints(self, table: Table) -> dict[str, Any]:  # noqa: ARG002
        """dlt's hints for a merge on the key that leaves out what is older than the landed row; of
        a destination that knows keys and guard itself, that it gets all rows."""
        return {"write_disposition": "append"}

    def add_account_columns(self, stripe_account_id: str, now: datetime) -> list[str]:  # noqa: ARG002
        """Tables of an older version in today's columns; which ones it changed."""
        return []
