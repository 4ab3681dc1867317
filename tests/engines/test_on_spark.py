"""A cluster of real processes: Spark reads what was loaded, and builds the marts of DuckDB."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from signal import SIGKILL
from typing import Any

import pytest
from dbt.artifacts.schemas.results import NodeStatus
from dbt.artifacts.schemas.run import RunExecutionResult
from lake_stripe import NAMES, LakeStripe
from local_stripe import NOW, LocalStripe
from outcome import published, said, sent
from pipeline import Pipeline, Tell
from pyhive import hive

from ingestion.engines.guard import SCHEMA
from ingestion.engines.iceberg.lake import Lake
from ingestion.landing import TABLES
from ingestion.landing.schema import schema
from orchestration.build.dbt_process import run_dbt
from orchestration.demo import CUSTOMERS
from sandbox import clock
from sandbox.business import driver
from sandbox.population import Population
from sandbox.server import populate
from tests.spark.cluster import Cluster, cluster

pytestmark = pytest.mark.spark


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with cluster(tmp_path_factory.mktemp("spark")) as found:
        yield found


@pytest.fixture
def lake(local_stripe: LocalStripe, spark: Cluster, tmp_path: Path) -> Iterator[LakeStripe]:
    tables = Lake(spark.catalog_url, f"file://{spark.folder}/lake")
    yield LakeStripe(local_stripe.store, local_stripe.url, tmp_path, tables)
    # The cluster's next test begins with a Stripe whose clock stands before what this one loaded.
    for name in tables.catalog.list_tables(SCHEMA):
        tables.catalog.drop_table(name)


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


class Both:
    """The same business through DuckDB and through Spark."""

    def __init__(self, spark: Cluster, pipeline: Pipeline, folder: Path) -> None:
        self.spark, self.pipeline, self.folder = spark, pipeline, folder

    def use(self, engine: str) -> None:
        url = self.spark.warehouse_url if engine == "spark" else ""
        self.pipeline.set(DATA_DIR=str(self.folder / engine), WAREHOUSE_URL=url)

    def refreshed(self, engine: str, tell: Tell) -> tuple[dict[str, list[Any]], list[Any]]:
        self.use(engine)
        as_of = datetime.fromtimestamp(clock.now(self.pipeline.stripe.store), UTC)
        self.pipeline.sync(as_of=as_of, tell=tell)
        return published(self.pipeline), sent(self.pipeline)

    def same(self, tell: Tell = lambda line: None) -> None:
        duck, delivered = self.refreshed("duck", lambda line: None)
        found, there = self.refreshed("spark", tell)
        assert {"account_traits", "mrr_breakdown", "mrr_movements"} <= duck.keys() == found.keys()
        for mart, rows in duck.items():
            assert found[mart] == rows, mart
        assert delivered == there
        assert delivered


def test_marts_built_on_spark_are_those_of_duckdb_though_a_worker_is_killed(
    spark: Cluster, pipeline: Pipeline, tmp_path: Path
) -> None:
    store, both = pipeline.stripe.store, Both(spark, pipeline, tmp_path)
    victim = spark.workers[0]

    def kill(line: str) -> None:
        if line.endswith(".int_subscriptions_valued") and victim.poll() is None:
            victim.kill()

    populate(store, Population(CUSTOMERS, 1, NOW))
    both.same()
    driver.live(store, days=1, seed=1)
    both.same()
    driver.live(store, days=1, seed=2)
    both.same(tell=kill)
    assert victim.wait(timeout=5) == -SIGKILL
    # The catalog and its tables are as the marts' build left them.
    tested = run_dbt(pipeline.settings, ["test", "--select", "test_type:unit"])
    assert isinstance(tested.result, RunExecutionResult)
    assert [one.node.name for one in tested.result.results if one.status != NodeStatus.Pass] == []
    assert tested.result.results
    account = min(account for account, _ in sent(pipeline))
    answers = {}
    for engine in ("duck", "spark"):
        both.use(engine)
        answers[engine] = said("explain", account)
        assert json.loads(said("status", "--json"))
        said("reconcile")
    assert answers["duck"] == answers["spark"]
