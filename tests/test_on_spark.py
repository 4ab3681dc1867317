"""A cluster of real processes: Spark reads what was loaded, and builds the marts of DuckDB."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from lake_stripe import NAMES, LakeStripe
from local_stripe import NOW, LocalStripe
from pipeline import Pipeline
from pyhive import hive

from ingestion.engines.lake import Lake
from ingestion.landing import TABLES
from ingestion.rows import schema
from sandbox import clock, driver
from sandbox.population import Population
from sandbox.server import populate
from spark.cluster import Cluster, cluster

MOMENTS = ("loaded_at", "read_at")
pytestmark = pytest.mark.spark


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with cluster(tmp_path_factory.mktemp("spark")) as found:
        yield found


@pytest.fixture
def lake(local_stripe: LocalStripe, spark: Cluster, tmp_path: Path) -> LakeStripe:
    tables = Lake(spark.catalog_url, f"file://{spark.folder}/lake")
    return LakeStripe(local_stripe.store, local_stripe.url, tmp_path, tables)


def asked(spark: Cluster, sql: str) -> list[Any]:
    with hive.connect("127.0.0.1", port=spark.thrift_port) as there, there.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())


def sums(name: str) -> str:
    """Rows, and of each column what is there: the same words for both engines."""
    names = schema(next(table for table in TABLES if table.name == name)).names
    counted = ", ".join(f"count(distinct {one})" for one in names)
    return f"select count(*), {counted} from stripe.{name}"


def test_spark_reads_what_was_loaded(spark: Cluster, lake: LakeStripe) -> None:
    populate(lake.store, Population(20, 1, NOW))
    lake.load()
    driver.live(lake.store, days=1, seed=1)
    customer = min(one["id"] for one in lake.store.objects("customer"))
    lake.store.delete("customer", customer, now=clock.now(lake.store))
    lake.load()
    for name in NAMES:
        assert asked(spark, sums(name)) == lake.query(sums(name)), name
    gone = f"select id, cast(deleted_at as string) from stripe.customers where id = '{customer}'"
    assert asked(spark, gone)[0][1] == str(
        lake.query(f"select deleted_at::varchar from stripe.customers where id = '{customer}'")[0][
            0
        ]
    )
    money = "select cast(sum(unit_amount_decimal) as decimal(38, 12)) from stripe.prices"
    assert asked(spark, money) == lake.query(money)
    assert isinstance(asked(spark, money)[0][0], Decimal)


def published(pipeline: Pipeline) -> dict[str, list[Any]]:
    """Every mart, its rows in order, without the moments of the load."""
    with duckdb.connect(str(pipeline.settings.marts), read_only=True) as database:
        names = database.execute(
            "select table_name, list(column_name order by column_index) from duckdb_columns()"
            " where schema_name = 'marts' and table_name not like 'sync_%' group by all order by 1"
        ).fetchall()
        return {
            name: database.execute(
                f"select {', '.join(c for c in columns if c not in MOMENTS)} from main.{name}"
                " order by all"
            ).fetchall()
            for name, columns in names
        }


def test_marts_built_on_spark_are_those_of_duckdb(
    spark: Cluster, pipeline: Pipeline, tmp_path: Path
) -> None:
    store = pipeline.stripe.store

    def refreshed(folder: str, warehouse: str) -> dict[str, list[Any]]:
        pipeline.set(DATA_DIR=str(tmp_path / folder), WAREHOUSE_URL=warehouse)
        pipeline.refresh(as_of=datetime.fromtimestamp(clock.now(store), UTC))
        return published(pipeline)

    def same() -> None:
        duck, found = refreshed("duck", ""), refreshed("spark", spark.warehouse_url)
        assert {"account_traits", "mrr_breakdown", "mrr_movements"} <= duck.keys() == found.keys()
        for mart, rows in duck.items():
            assert found[mart] == rows, mart

    populate(store, Population(20, 1, NOW))
    same()
    driver.live(store, days=1, seed=1)
    same()
    driver.live(store, days=1, seed=2)
    same()
