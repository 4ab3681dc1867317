"""A build by the text that dbt ran before leaves what dbt would have; what is in doubt is dbt's."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from examples_build import AS_OF, RunSettings, Warehouse, create_warehouse
from examples_objects import given, percent, simple

from orchestration.build import manifest
from orchestration.build.build_text import Node, Place, place_of
from orchestration.build.manifest import MANIFEST
from orchestration.build.scope import BuildKind, decide
from orchestration.build.transform import Transformed, transform
from orchestration.project import PROJECT

pytestmark = pytest.mark.long

LATER = AS_OF + timedelta(hours=1)
NEXT_MONTH = AS_OF + timedelta(days=30)
SCHEMAS = ("staging", "intermediate", "marts", "history", "seeds")


def landed(folder: Path, name: str = "warehouse") -> Warehouse:
    (folder / name).mkdir()
    made = create_warehouse(folder / name / "warehouse.duckdb")
    half = percent("half", 50)
    made.land([half, *simple("a", 5000), *simple("b", 8000, discounts=[given(half)])])
    return made


def content(warehouse: Warehouse) -> dict[str, Any]:
    """Definitions, comments and rows of all that a build makes."""
    found: dict[str, Any] = {}
    with duckdb.connect(str(warehouse.path), read_only=True) as database:
        for schema in SCHEMAS:
            for name, *told in database.execute(
                "select table_name, comment, sql from duckdb_tables() where schema_name = $1"
                " union all select view_name, comment, sql from duckdb_views()"
                " where schema_name = $1 order by 1",
                [schema],
            ).fetchall():
                rows = database.execute(f'from {schema}."{name}" order by all').fetchall()
                found[f"{schema}.{name}"] = (*told, rows)
        found["columns"] = database.execute(
            "select schema_name, table_name, column_name, data_type, comment"
            " from duckdb_columns() where schema_name in $1 order by all",
            [list(SCHEMAS)],
        ).fetchall()
    return found


def ends(made: Transformed) -> dict[str, tuple[str, int, str]]:
    return {one.unique_id: (one.status, one.failures, one.message) for one in made.results}


def test_a_first_build_by_text_is_dbts(tmp_path: Path) -> None:
    by_dbt, by_text = landed(tmp_path, "dbt"), landed(tmp_path, "text")
    by_dbt.refresh(RunSettings())
    first, again = by_dbt.refresh(RunSettings(), full=True), by_text.refresh(RunSettings())
    assert first.why_dbt
    assert again.why_dbt is None
    assert ends(first) == ends(again)
    assert content(by_dbt) == content(by_text)


def test_a_full_build_that_was_asked_for_is_dbts(tmp_path: Path) -> None:
    warehouse = landed(tmp_path)
    warehouse.refresh(RunSettings())
    assert warehouse.refresh(RunSettings(as_of=LATER), full=True).why_dbt


def test_a_month_that_begins_is_built_by_text_as_by_dbt(tmp_path: Path) -> None:
    """And so is whatever else has all accounts rebuilt without being asked: other settings."""
    made, ended = {}, {}
    for name in ("first", "dbt", "text"):  # the first one leaves the text
        warehouse = landed(tmp_path, name)
        warehouse.refresh(RunSettings())
        warehouse.land(simple("a", 7000), read_at=NEXT_MONTH)
        by_month = warehouse.refresh(RunSettings(as_of=NEXT_MONTH), full=name == "dbt")
        assert by_month.scope.kind is BuildKind.FULL
        assert (by_month.why_dbt is None) == (name == "text") or name == "first"
        made[name], ended[name] = content(warehouse), ends(by_month)
    assert made["text"] == made["dbt"]
    assert ended["text"] == ended["dbt"]


def test_accounts_with_and_without_a_discount_are_one_text(tmp_path: Path) -> None:
    warehouse = landed(tmp_path)
    settings = RunSettings(mrr_discount_durations="all")
    warehouse.refresh(settings)
    whys = []
    for number, count in enumerate((2, 0, 1, 0, 2), start=1):
        moment = AS_OF + timedelta(hours=number)
        coupons = [percent(f"d{number}_{n}", 10) for n in range(count)]
        bought = simple("b", 8000, discounts=[given(one) for one in coupons])
        warehouse.land([*coupons, *bought], read_at=moment)
        whys.append(warehouse.refresh(RunSettings(**{**vars(settings), "as_of": moment})).why_dbt)
    assert whys[1:] == [None] * 4
    [row] = warehouse.records("from marts.single_subscription_traits where account_id = 'b'")
    assert f"{row['mrr_normalized']:f}" == "64.800"  # 80.00 less 10 % twice


def test_another_answer_is_a_doubt_and_dbt_builds(tmp_path: Path) -> None:
    """The steps of a discount are rendered by how many there are."""
    warehouse = landed(tmp_path)
    settings = RunSettings(mrr_discount_durations="all")
    warehouse.refresh(settings)
    for number, count in enumerate((1, 1, 3), start=1):
        moment = AS_OF + timedelta(hours=number)
        coupons = [percent(f"c{number}_{n}", 10) for n in range(count)]
        bought = simple("b", 8000, discounts=[given(one) for one in coupons])
        warehouse.land([*coupons, *bought], read_at=moment)
        made = warehouse.refresh(RunSettings(**{**vars(settings), "as_of": moment}))
        assert made.scope.kind is BuildKind.REFRESH
    assert made.why_dbt is not None
    assert "max(step)" in made.why_dbt or "was" in made.why_dbt
    [row] = warehouse.records("from marts.single_subscription_traits where account_id = 'b'")
    assert f"{row['mrr_normalized']:f}" == "58.320"  # 80.00 less 10 % three times


def test_what_a_test_finds_is_told_by_dbt(tmp_path: Path) -> None:
    warehouse = landed(tmp_path)
    warehouse.refresh(RunSettings())
    for number in (1, 2):
        moment = AS_OF + timedelta(hours=number)
        warehouse.land(simple("a", 5000 + number), read_at=moment)
        warehouse.refresh(RunSettings(as_of=moment))
    odd = simple("a", 5000, status="new_status")
    warehouse.land(odd, read_at=AS_OF + timedelta(hours=3))
    made = transform(warehouse.settings(RunSettings()), as_of=AS_OF + timedelta(hours=3))
    assert made.why_dbt
    failed = [one.unique_id for one in made.results if one.failed]
    assert any("unknown_values" in one for one in failed)


def test_models_newer_than_the_manifest_are_dbts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The text is of the models that the manifest was made of."""
    warehouse = landed(tmp_path)
    settings = warehouse.settings(RunSettings())
    with duckdb.connect(str(warehouse.path)) as database:
        asked = (database, settings, decide(database, settings, as_of=AS_OF))
        assert place_of(*asked)
        long_ago = tmp_path / "manifest.json"
        long_ago.write_bytes(MANIFEST.read_bytes())
        os.utime(long_ago, (0, 0))
        monkeypatch.setattr(manifest, "MANIFEST", long_ago)
        assert place_of(*asked) is None


def test_a_text_holds_wherever_the_project_stands(tmp_path: Path) -> None:
    """It names no folder of this machine."""
    place = Place("full.json", (tmp_path,), ("full",))
    seed = f"copy seeds.traits from '{PROJECT}/transform/seeds/traits.csv'"
    place.write([Node("seed.traits", statements=[seed])])
    assert str(PROJECT) not in (tmp_path / "full.json").read_text()
    [node] = place.read() or []
    assert node.statements == [seed]


@pytest.mark.parametrize(
    "text", ["", '{"nodes": [', '{"a": 1}', '[{"unique_id": "model.a"}]', '{"nodes": [{"x": 1}]}']
)
def test_a_text_that_is_garbled_is_none(text: str, tmp_path: Path) -> None:
    (tmp_path / "refresh.json").write_text(text)
    assert Place("refresh.json", (tmp_path / "none", tmp_path)).read() is None
