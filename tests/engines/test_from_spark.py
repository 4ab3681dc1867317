"""What a build on Spark is told, and what is brought home of it: without Spark, on its catalog."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from ingestion.engines.iceberg.lake import Lake
from orchestration.build.last_build import finish
from orchestration.build.run_settings import write_run_settings
from orchestration.build.scope import BuildKind, BuildScope, begin, decide
from orchestration.configuration.settings import Settings
from orchestration.warehouse.warehouse_kinds import Built

AS_OF = datetime.fromisoformat("2025-06-15")
FULL = BuildScope(BuildKind.FULL, "a test", 1, None, None, None, id="first")


@pytest.fixture
def settings(postgres_url: str, tmp_path: Path) -> Settings:
    url = f"spark://127.0.0.1:10000?catalog={postgres_url}&warehouse={tmp_path}/lake"
    return Settings(_env_file=None, data_dir=tmp_path, warehouse_url=url)


def lake(settings: Settings) -> Lake:
    found = settings.site.place
    assert isinstance(found, Lake)
    return found


def put(
    settings: Settings, schema: str, name: str, rows: pa.Table, replaced: list[str] | None = None
) -> None:
    """A table as Spark would leave it."""
    catalog = lake(settings).catalog
    catalog.create_namespace_if_not_exists(schema)
    said = {} if replaced is None else {"replaced": json.dumps(replaced)}
    table = catalog.create_table_if_not_exists((schema, name), schema=rows.schema, properties=said)
    table.overwrite(rows)


def subscriptions(loaded_at: datetime) -> pa.Table:
    account = pa.array(["acct_1"])
    moments = pa.array([loaded_at], pa.timestamp("us"))
    return pa.table({"stripe_account_id": account, "id": account, "loaded_at": moments})


def test_marts_come_home_with_their_types_and_descriptions(settings: Settings) -> None:
    described = {b"comment": b"x", b"PARQUET:field_id": b"1", b"doc": b"The account's id."}
    columns = [
        pa.field("account_id", pa.string(), metadata=described),
        pa.field("traits", pa.string()),
        pa.field("amounts", pa.list_(pa.decimal128(18, 3))),
    ]
    rows: list[dict[str, Any]] = [{"account_id": "a", "traits": '{"x":1}', "amounts": [None]}]
    put(settings, "marts", "account_traits", pa.Table.from_pylist(rows, pa.schema(columns)))
    with duckdb.connect(str(settings.warehouse)) as database:
        write_run_settings(database, settings, AS_OF, FULL)
        settings.site.collect_marts(database, Built(passed=True, refreshed=False))
        assert database.execute("describe marts.account_traits").fetchall() == [
            ("account_id", "VARCHAR", "YES", None, None, None),
            ("traits", "JSON", "YES", None, None, None),
            ("amounts", "DECIMAL(18,3)[]", "YES", None, None, None),
        ]
        [comment] = database.execute(
            "select comment from duckdb_columns() where column_name = 'account_id'"
            " and schema_name = 'marts'"
        ).fetchall()
        assert comment == ("The account's id.",)


def accounts(**values: str) -> pa.Table:
    columns = [pa.array(list(values), pa.string()), pa.array(list(values.values()), pa.string())]
    return pa.table(columns, names=["account_id", "traits"])


def test_of_a_refresh_the_rows_that_it_replaced_come_home(settings: Settings) -> None:
    told = ["account_id in (select account_id from intermediate.int_accounts_to_rebuild)"]
    put(settings, "marts", "account_traits", accounts(a="1", b="1", c="1"))
    put(settings, "marts", "company", accounts(a="1"))
    with duckdb.connect(str(settings.warehouse)) as database:
        write_run_settings(database, settings, AS_OF, FULL)
        settings.site.collect_marts(database, Built(passed=True, refreshed=False))
        put(settings, "refreshed", "account_traits", accounts(b="2", d="2"), told)
        put(settings, "intermediate", "int_accounts_to_rebuild", accounts(b="", c="", d=""))
        put(settings, "intermediate", "int_customers_to_rebuild", accounts())
        put(settings, "marts", "company", accounts(b="2"))
        settings.site.collect_marts(database, Built(passed=True, refreshed=True))
        found = {
            table: database.execute(f"from {table} order by all").fetchall()
            for table in ("marts.account_traits", "refreshed.account_traits", "marts.company")
        }
        replaced = database.execute("from pipeline.replaced order by all").fetchall()
    assert found == {
        "marts.account_traits": [("a", "1"), ("b", "2"), ("d", "2")],
        "refreshed.account_traits": [("b", "2"), ("d", "2")],
        "marts.company": [("b", "2")],  # made anew: nothing says what it replaced
    }
    assert replaced == [("account_traits", told[0]), ("company", "true")]


def test_models_on_spark_are_told_the_settings_of_the_run(settings: Settings) -> None:
    with duckdb.connect(str(settings.warehouse)) as database:
        for as_of in (AS_OF, AS_OF + timedelta(days=1)):
            write_run_settings(database, settings, as_of, FULL)
            settings.site.prepare_build(database)
            told = lake(settings).catalog.load_table("pipeline.run_settings").scan().to_arrow()
            assert told.column("as_of").to_pylist() == [as_of]
            assert told.column("mrr_discount_durations").to_pylist() == ["forever"]


def test_what_a_build_has_to_do_is_read_from_the_lake(settings: Settings) -> None:
    kinds = []
    with duckdb.connect(str(settings.warehouse)) as database:
        for hours in (0, 0, 1):
            put(settings, "stripe", "subscriptions", subscriptions(AS_OF + timedelta(hours=hours)))
            scope = decide(database, settings, as_of=AS_OF)
            kinds.append(scope.kind)
            begin(database, settings, scope, as_of=AS_OF)
            finish(database)
        # What was built of another warehouse says nothing of what changed in this one.
        url = f"{settings.warehouse_url.get_secret_value()}er"
        other = Settings(_env_file=None, data_dir=settings.data_dir, warehouse_url=url)
        kinds.append(decide(database, other, as_of=AS_OF).kind)
    assert kinds == [BuildKind.FULL, BuildKind.NOTHING, BuildKind.REFRESH, BuildKind.FULL]
