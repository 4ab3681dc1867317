"""Which loads are whole, said in the lake itself: a load is a commit in each of many tables.

Enters: a catalog; a Stripe account whose load begins or ends. Leaves: for each account the snapshot
of every landing table at the end of its last whole load, said in one commit. In those snapshots
the account's rows are of that load and none that followed, whatever loads of other accounts did
meanwhile. Of one account there is one loader.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pyarrow as pa
from pyiceberg.catalog import Catalog
from pyiceberg.exceptions import NoSuchNamespaceError, NoSuchTableError
from pyiceberg.table import Table

from ingestion.engines.guard import SCHEMA
from ingestion.engines.iceberg.commits import again
from ingestion.landing import TABLES

NAMESPACE = "pipeline"
LOADS = (
    NAMESPACE,
    "loads",
)  # without rows: its properties say it, which writers do not contend for
EMPTY = pa.schema([("stripe_account_id", pa.string())])
BEGUN, WHOLE = "begun.", "whole."
# The snapshots that a mark names must not be the oldest ones: others expire those.
RENEWED = timedelta(days=1)
Snapshots = dict[str, int]


@dataclass(frozen=True)
class WholeLoads:
    """The properties of `pipeline.loads`."""

    catalog: Catalog

    def begin(self, stripe_account_id: str) -> None:
        """What is committed from now on is half a load, until its end."""
        self._say({BEGUN + stripe_account_id: _moment()})

    def end(self, stripe_account_id: str) -> None:
        """All of it is committed; one that committed nothing costs one look."""
        said = self.said()
        if BEGUN + stripe_account_id in said or _is_old(said.get(WHOLE + stripe_account_id)):
            mark = {"at": _moment(), "snapshots": self._now()}
            self._say({WHOLE + stripe_account_id: json.dumps(mark)}, BEGUN + stripe_account_id)

    def snapshots(self) -> dict[str, Snapshots]:
        """By Stripe account and landing table."""
        return {
            name.removeprefix(WHOLE): json.loads(mark)["snapshots"]
            for name, mark in sorted(self.said().items())
            if name.startswith(WHOLE)
        }

    def said(self) -> Mapping[str, str]:
        try:
            return self.catalog.load_table(LOADS).properties
        except (NoSuchNamespaceError, NoSuchTableError):
            return {}

    def _now(self) -> Snapshots:
        there = {name for _, name in self.catalog.list_tables(SCHEMA)}
        names = [table.name for table in TABLES if table.name in there]
        found = {name: self.catalog.load_table((SCHEMA, name)).metadata for name in names}
        return {
            name: metadata.current_snapshot_id
            for name, metadata in found.items()
            if metadata.current_snapshot_id is not None
        }

    def _say(self, properties: dict[str, str], *forgotten: str) -> None:
        def said() -> None:
            table = self._table()
            with table.transaction() as change:
                change.set_properties(properties)
                if gone := set(forgotten) & table.properties.keys():
                    change.remove_properties(*gone)

        again(said)

    def _table(self) -> Table:
        self.catalog.create_namespace_if_not_exists(NAMESPACE)
        return self.catalog.create_table_if_not_exists(LOADS, EMPTY)


def _moment() -> str:
    return datetime.now(UTC).isoformat()


def _is_old(mark: str | None) -> bool:
    if mark is None:
        return False
    return datetime.fromisoformat(json.loads(mark)["at"]) < datetime.now(UTC) - RENEWED
