"""Which loads are whole, said in the lake itself: a load is a commit in each of many tables.

Enters: a catalog; a Stripe account whose load begins or ends, and its loader's name. Leaves: for
each account the snapshot of every landing table at the end of its last whole load, said in one
commit. In those snapshots the account's rows are of that load and none that followed, whatever
loads of other accounts did meanwhile. Of one account there is one loader (`one_loader`): what one
says that has been followed by another is read by nobody.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from platform import node
from typing import Any

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
LOADER, BEGUN, WHOLE = "loader.", "begun.", "whole."  # of an account; of a loader
# The snapshots that a mark names must not be the oldest ones: others expire those.
RENEWED = timedelta(days=1)
Snapshots = dict[str, int]


@dataclass(frozen=True)
class WholeLoads:
    """The properties of `pipeline.loads`."""

    catalog: Catalog

    def begin(self, loader: str) -> None:
        """What is committed from now on is half a load, until its end."""
        self._say({BEGUN + loader: _moment()})

    def end(self, stripe_account_id: str, loader: str) -> None:
        """All of it is committed; one that committed nothing costs one look."""
        said = self.said()
        if BEGUN + loader in said or _is_old(said.get(WHOLE + loader)):
            mark = {"account": stripe_account_id, "at": _moment(), "snapshots": self._now()}
            self._say({WHOLE + loader: json.dumps(mark)}, BEGUN + loader)

    def snapshots(self) -> dict[str, Snapshots]:
        """By Stripe account and landing table."""
        said = self.said()
        marks = [_mark(name, mark) for name, mark in sorted(said.items()) if name.startswith(WHOLE)]
        return {
            mark["account"]: mark["snapshots"]
            for mark in marks
            if mark["loader"] == _loader(said, mark["account"])
        }

    def loader(self, stripe_account_id: str) -> dict[str, str] | None:
        """Who loads the account: its `name`, the `host` and `since` when; None: nobody yet."""
        claim = self.said().get(LOADER + stripe_account_id)
        found: dict[str, str] | None = json.loads(claim) if claim else None
        return found

    def claim(self, stripe_account_id: str, loader: str) -> None:
        """From now on it is this one. Until its first load is whole, the last one before is."""
        said = self.said()
        before = _loader(said, stripe_account_id)
        claim = {"name": loader, "host": node(), "since": _moment()}
        found = {LOADER + stripe_account_id: json.dumps(claim)}
        if mark := said.get(WHOLE + before):
            found[WHOLE + loader] = json.dumps({**json.loads(mark), "account": stripe_account_id})
        gone = () if before == loader else (WHOLE + before, BEGUN + before)
        self._say(found, *gone)

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


def _loader(said: Mapping[str, str], stripe_account_id: str) -> str:
    """By name; where none was said, the only one that there is has the account's."""
    claim = said.get(LOADER + stripe_account_id)
    return str(json.loads(claim)["name"]) if claim else stripe_account_id


def _mark(name: str, said: str) -> dict[str, Any]:
    """An older version's names no account: then its loader has the account's name."""
    loader = name.removeprefix(WHOLE)
    return {"account": loader, **json.loads(said), "loader": loader}


def _moment() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _is_old(mark: str | None) -> bool:
    if mark is None:
        return False
    return datetime.fromisoformat(json.loads(mark)["at"]) < datetime.now(UTC) - RENEWED
