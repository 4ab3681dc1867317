"""A cluster of real processes: what is loaded with no Spark at hand is read by Spark."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from lake_stripe import NAMES, LakeStripe
from local_stripe import NOW, LocalStripe
from pyhive import hive

from ingestion.engines.lake import Lake
from ingestion.landing import TABLES
from ingestion.rows import schema
from sandbox import clock, driver
from sandbox.population import Population
from sandbox.server import populate
from spark.cluster import Cluster, cluster

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
