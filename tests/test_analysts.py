"""What analysts read: the queries of docs/analysts.md, and a description of every column."""

import json
import re
from pathlib import Path

import duckdb
import pytest
from examples import POPULATION
from examples_build import PROJECT, RunSettings, create_warehouse

from orchestration.publish import publish

QUERIES = re.findall(r"```sql\n(.*?)```", (PROJECT / "docs" / "analysts.md").read_text(), re.DOTALL)


@pytest.fixture(scope="module")
def marts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The worked examples, published."""
    folder = tmp_path_factory.mktemp("analysts")
    warehouse = create_warehouse(folder / "warehouse.duckdb")
    warehouse.land([one for one in POPULATION if not one.get("deleted")])
    warehouse.build(RunSettings())
    with duckdb.connect(str(warehouse.path)) as database:
        publish(database, folder / "marts.duckdb")
    return folder / "marts.duckdb"


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.split()[1])
def test_query_of_the_page_finds_rows(query: str, marts: Path) -> None:
    with duckdb.connect(str(marts), read_only=True) as database:
        rows = database.execute(query).fetchall()
        expected = 0 if "'churn'" in query or "card_expiration <" in query else 1
        assert len(rows) >= expected


def test_every_column_of_every_mart_is_described(marts: Path) -> None:
    with duckdb.connect(str(marts), read_only=True) as database:
        bare = database.execute(
            "select table_name, column_name from duckdb_columns() where schema_name = 'main'"
            " and not internal and coalesce(comment, '') = ''"
        ).fetchall()
    assert bare == []


def test_metrics_are_valid_and_mrr_is_semi_additive() -> None:
    manifest = json.loads((PROJECT / "transform/target/semantic_manifest.json").read_text())
    assert {"mrr", "arpa", "net_new_mrr", "accounts"} <= {
        one["name"] for one in manifest["metrics"]
    }
    measures = [one for model in manifest["semantic_models"] for one in model["measures"]]
    [mrr] = [one for one in measures if one["name"] == "mrr"]
    assert mrr["non_additive_dimension"]["window_choice"] == "max"
