"""What analysts read: the queries of docs/analysts.md, and a description of every column."""

import re
from pathlib import Path

import duckdb
import pytest
from examples import POPULATION
from examples_build import PROJECT, STREAMS, RunSettings, create_warehouse
from examples_objects import at
from metricflow_query import company_metrics, metricflow

from orchestration.publication.publish import publish
from orchestration.publication.records import SYNC_TABLES
from reverse_sync.state.schema import prepare
from sandbox.population import Population, generate

QUERIES = re.findall(r"```sql\n(.*?)```", (PROJECT / "docs" / "analysts.md").read_text(), re.DOTALL)


@pytest.fixture(scope="module")
def marts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's business, smaller, beside the worked examples; published."""
    folder = tmp_path_factory.mktemp("analysts")
    warehouse = create_warehouse(folder / "warehouse.duckdb")
    warehouse.land([one for one in POPULATION if not one.get("deleted")])
    business = generate(Population(customers=300, seed=1, now=at("2025-06-15")))
    warehouse.land(one for one in business if one["object"] in STREAMS)
    warehouse.refresh(RunSettings())
    with duckdb.connect(str(warehouse.path)) as database:
        prepare(database)  # the sync's own tables are published beside the marts
        publish(database, folder / "marts.duckdb")
    return folder / "marts.duckdb"


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.split()[1])
def test_query_of_the_page_finds_rows(query: str, marts: Path) -> None:
    with duckdb.connect(str(marts), read_only=True) as database:
        assert database.execute(query).fetchall()


def test_every_column_of_every_mart_tells_its_source_and_its_unit(marts: Path) -> None:
    with duckdb.connect(str(marts), read_only=True) as database:
        columns = database.execute(
            "select table_name || '.' || column_name, data_type, coalesce(comment, '')"
            " from duckdb_columns() where schema_name = 'main' and not internal"
        ).fetchall()
    assert {f"{table}.run_id" for table in SYNC_TABLES} - {"sync_snapshot.run_id"} <= {
        name for name, _, _ in columns
    }
    assert [name for name, _, comment in columns if "From " not in comment] == []
    measured = [
        (name, comment)
        for name, kind, comment in columns
        if kind.startswith(("DECIMAL", "BIGINT", "TIMESTAMP", "DATE", "MAP(VARCHAR, DECIMAL"))
    ]
    assert [name for name, comment in measured if "Unit: " not in comment] == []


@pytest.mark.long
def test_metricflow_adds_mrr_over_accounts_and_not_over_months(marts: Path) -> None:
    with duckdb.connect(str(marts), read_only=True) as database:
        by_month = {
            (month, currency): mrr
            for month, currency, mrr in database.execute(
                "select month::timestamp::varchar, currency, sum(mrr)"
                " from mrr_by_month group by all"
            ).fetchall()
        }
    assert metricflow(marts, "month") == by_month
    last_months = {month[:4]: month for month, _ in sorted(by_month)}
    assert len(last_months) > 1
    assert metricflow(marts, "year") == {
        (f"{month[:4]}-01-01 00:00:00", currency): mrr
        for (month, currency), mrr in by_month.items()
        if month == last_months[month[:4]]
    }


@pytest.mark.long
def test_metricflow_says_the_company_s_ratios_as_the_marts_do(marts: Path) -> None:
    names = ("quick_ratio", "gross_mrr_churn_rate", "net_mrr_churn_rate", "average_sale_price")
    with duckdb.connect(str(marts), read_only=True) as database:
        told = {
            (month, currency): [None if value is None else float(value) for value in values]
            for month, currency, *values in database.execute(
                f"select month::timestamp::varchar, currency, {', '.join(names)}"
                " from metrics_by_month"
            ).fetchall()
        }
    found = company_metrics(marts, *names)
    assert found.keys() == told.keys()
    for key, values in told.items():
        for name, value, one in zip(names, values, found[key], strict=True):
            assert one == (None if value is None else pytest.approx(value, abs=0.001)), (key, name)
