"""Iceberg tables of a company's own lakehouse: a REST catalog, a bucket, several loaders.

Enters: where the catalog is, and its credential. Leaves: the engine, which also says which loads
are whole (`whole_loads`): of what is landed, a build takes nothing else.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pyiceberg.table import Table

from ingestion.engines.iceberg.columns import Made
from ingestion.engines.iceberg.engine import IcebergTables
from ingestion.engines.iceberg.one_loader import check, take
from ingestion.engines.iceberg.parquet_files import ACCOUNT
from ingestion.engines.iceberg.rest_catalog import PatientCatalog, rest_catalog
from ingestion.engines.iceberg.whole_loads import WholeLoads
from ingestion.engines.unreachable import told_in_one_line

if TYPE_CHECKING:
    from ingestion.inbox.loader import Loader


@dataclass(frozen=True)
class RestLake(IcebergTables):
    """`stripe.*` in the catalog at `uri`, of which `warehouse` is one; `options` are pyiceberg's.
    `credential`: ID:SECRET or a token; None: the catalog asks for none of ours."""

    uri: str
    warehouse: str
    options: tuple[tuple[str, str], ...] = ()
    credential: str | None = field(default=None, repr=False)
    # Of the loads under way: the loader's name by Stripe account, and the loaders that have merged.
    loaders: dict[str, str] = field(default_factory=dict, compare=False, repr=False)
    begun: set[str] = field(default_factory=set, compare=False, repr=False)

    @property
    def catalog(self) -> PatientCatalog:
        return rest_catalog(self.uri, self.warehouse, self.options, self.credential)

    @property
    def place(self) -> str:
        return f"{self.uri} {self.warehouse}"

    def made(self, name: str) -> Made:  # noqa: ARG002
        """By account: each loader has files of its own, and a build reads an account's alone."""
        return Made(apart_by=ACCOUNT)

    @property
    def whole_loads(self) -> WholeLoads:
        return WholeLoads(self.catalog)

    @contextmanager
    def loading(self, stripe_account_id: str) -> Iterator[None]:
        """The first merge of a load says that it has begun."""
        loader = self.loaders.get(stripe_account_id, stripe_account_id)
        with self.used():
            if loader not in self.begun:
                self.whole_loads.begin(loader)
                self.begun.add(loader)
            yield

    @contextmanager
    def whole_load(self, stripe_account_id: str, loader: "Loader | None" = None) -> Iterator[None]:
        name = loader.name if loader else stripe_account_id
        with self.used():
            if loader:
                take(self.whole_loads, self.todays, stripe_account_id, loader)
        self.loaders[stripe_account_id] = name
        try:
            yield
        finally:
            del self.loaders[stripe_account_id]
        with self.used():
            self.whole_loads.end(stripe_account_id, name)
        self.begun.discard(name)

    def todays(self, name: str) -> Table:
        table = super().todays(name)
        for account, loader in self.loaders.items():
            check(table, account, loader)
        return table

    def used(self) -> AbstractContextManager[None]:
        """Raises LakeUnreachable for what its catalog and its store raise in the block."""
        return told_in_one_line(f"the Iceberg catalog at {self.uri}")
