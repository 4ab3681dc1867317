"""account_traits of the accounts that changed, before all other marts: what is sent.

Enters: the warehouse under its lock, the text of a refresh. Leaves: rows, and a warehouse as it
was: what is built here is rolled back. So the refresh of all marts begins where the last one ended,
as if nothing had gone ahead of it, and a crash in between leaves nothing to mend.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

import duckdb
import pyarrow as pa

from orchestration.build.build_text import place_of
from orchestration.build.node_result import NodeResult
from orchestration.build.rerun_build import Doubt, executed, rolled_back
from orchestration.build.run_settings import write_run_settings
from orchestration.build.scope import BuildKind, BuildScope
from orchestration.configuration.settings import Settings

MOST_BYTES = 32 << 20  # of traits, which are in memory: what changes more goes with all marts
SIZE = "select coalesce(sum(strlen(traits::varchar)), 0) from refreshed.account_traits"
ROWS = "from refreshed.account_traits"
REBUILT = "select account_id from intermediate.int_accounts_to_rebuild"


@dataclass(frozen=True)
class Ahead:
    """`rows` are what account_traits holds of the accounts `rebuilt` (a column `account_id`) at
    `as_of` (naive UTC); of all others it holds what it did after the build `follows`."""

    id: str
    follows: str
    as_of: datetime
    results: list[NodeResult]
    rows: pa.Table
    rebuilt: pa.Table


def build_ahead(
    database: duckdb.DuckDBPyConnection, settings: Settings, scope: BuildScope, *, as_of: datetime
) -> Ahead:
    """Raises Doubt: all marts must be built, without this."""
    if scope.kind is not BuildKind.REFRESH or scope.follows is None:
        raise Doubt(f"all accounts are built: {scope.why}")
    place = place_of(database, settings, scope)
    nodes = [node for node in (place.read() if place else None) or () if node.goes_ahead]
    if not nodes:
        raise Doubt("no text is kept of this build")
    with rolled_back(database):
        write_run_settings(database, settings, as_of, scope)
        results = list(executed(database, nodes))
        [(size,)] = database.execute(SIZE).fetchall()
        if size > MOST_BYTES:
            raise Doubt("many accounts changed")
        rows, rebuilt = (database.sql(asked).to_arrow_table() for asked in (ROWS, REBUILT))
    at = as_of.replace(tzinfo=None)
    return Ahead(str(uuid4()), scope.follows, at, results, rows, rebuilt)
