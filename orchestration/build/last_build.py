"""What the last build was made from, so that the next one can tell whether it may go on from it.

Enters: the warehouse, the settings and `as_of`. Leaves: the row of `pipeline.last_build`, and what
a build made now would be made from. Not here: what follows from the two (`scope`).
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import duckdb

from ingestion.engines import engine
from orchestration.configuration.settings import Settings
from orchestration.configuration.traits_folder import digest as digest_of_own
from orchestration.project import PROJECT

MOVES_NUMBERS = (
    "account_id_metadata_key",
    "multiple_subscriptions",
    "reporting_currency",
    "mrr_discount_durations",
    "mrr_pause_collection",
    "segments_trait",
)
SENT = {"segments_trait"}
FOLDERS = ("models", "macros", "seeds")
# `build` counts builds and begins anew in a new warehouse; `id` is never the same again.
LAST_BUILD = """
create schema if not exists pipeline;
create table if not exists pipeline.last_build (
    build bigint, as_of timestamp, loaded_at timestamp, made_from varchar,
    stripe_accounts varchar[], kept_until timestamp, is_finished boolean
);
alter table pipeline.last_build add column if not exists id varchar;
"""


@dataclass(frozen=True)
class LastBuild:
    """The row of `pipeline.last_build`, its columns in their order; moments are naive UTC."""

    build: int
    as_of: datetime
    loaded_at: datetime | None
    made_from: str
    stripe_accounts: list[str]
    kept_until: datetime
    is_finished: bool
    id: str | None  # None: of a version that gave builds no id


@dataclass(frozen=True)
class Inputs:
    """What marts are made from, besides the rows themselves."""

    as_of: datetime
    loaded_at: datetime | None
    made_from: str
    stripe_accounts: list[str]


def last_build(database: duckdb.DuckDBPyConnection) -> LastBuild | None:
    """None: nothing was built yet."""
    database.execute(LAST_BUILD)
    row = database.execute("from pipeline.last_build").fetchone()
    return LastBuild(*row) if row else None


def keep(database: duckdb.DuckDBPyConnection, last: LastBuild) -> None:
    """In the place of the one before."""
    names = ", ".join(f"${name} as {name}" for name in asdict(last))
    database.execute("delete from pipeline.last_build")
    database.execute(f"insert into pipeline.last_build by name select {names}", asdict(last))


def finish(database: duckdb.DuckDBPyConnection) -> None:
    """All models and tests of the build passed: the next one may go on from it."""
    database.execute("update pipeline.last_build set is_finished = true")


def renew(database: duckdb.DuckDBPyConnection) -> None:
    """What is published of the build changed, and no row of it: it must be published and sent
    again."""
    database.execute("update pipeline.last_build set id = uuid()::varchar")


def inputs(landed: duckdb.DuckDBPyConnection, settings: Settings, as_of: datetime) -> Inputs:
    """What a build at `as_of` would be made from now."""
    tables = landed.execute(
        "select table_name from duckdb_columns() where database_name = current_database()"
        " and schema_name = 'stripe' and column_name = 'loaded_at' order by 1"
    ).fetchall()
    newest = " union all ".join(f'select max(loaded_at) from stripe."{name}"' for (name,) in tables)
    (loaded_at,) = landed.execute(f"select max(#1) from ({newest})").fetchone() or (None,)
    accounts = landed.execute(
        "select distinct stripe_account_id from stripe.subscriptions order by 1"
    ).fetchall()
    return Inputs(
        as_of.replace(tzinfo=None), loaded_at, _made_from(settings), [name for (name,) in accounts]
    )


def marts_made_from(settings: Settings) -> str:
    """The same of the marts alone: what is sent beside them moves no number of theirs."""
    return _digest({name: getattr(settings, name) for name in MOVES_NUMBERS if name not in SENT})


def _made_from(settings: Settings) -> str:
    """A digest of the settings that move numbers, of every file that computes them, and of which
    warehouse: another one has its own rows and moments."""
    values = {name: getattr(settings, name) for name in MOVES_NUMBERS}
    values |= {"warehouse": engine(settings.site.place).place}
    if settings.traits_dir:
        values |= {"own_traits": digest_of_own(settings.traits_dir)}
    return _digest(values)


def _digest(values: Mapping[str, Any]) -> str:
    """Of these, and of every file that computes."""
    digest = hashlib.sha256(json.dumps(values, default=str).encode())
    files = [PROJECT / "dbt_project.yml"]
    for folder in FOLDERS:
        files += sorted((PROJECT / "transform" / folder).rglob("*.*"))
    for path in files:
        digest.update(path.read_bytes())
    return digest.hexdigest()
