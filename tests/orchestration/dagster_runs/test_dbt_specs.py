"""dbt's models and tests on Dagster's page: as dagster-dbt has them, which no run need load."""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from dagster import AssetCheckSpec, AssetsDefinition, AssetSpec, multi_asset
from dagster._core.definitions.metadata import normalize_metadata
from dagster_dbt import dbt_assets

from orchestration.build.manifest import read_manifest
from orchestration.code_location.dbt_specs import UNKEPT, dbt_specs

OF_ASSETS = ("description", "skippable", "group_name", "code_version", "owners", "tags", "kinds")
OF_CHECKS = ("description", "blocking", "additional_deps", "automation_condition")
UNNEEDED = {"dagster_dbt", "dbt", "dlt", "sqlglot"}


@dbt_assets(manifest=read_manifest(), name="models")
def theirs() -> Iterator[Any]:
    yield from ()


def ours() -> AssetsDefinition:
    assets, checks = dbt_specs()

    @multi_asset(
        name="models",
        specs=assets,
        check_specs=checks,
        can_subset=True,
        allow_arbitrary_check_specs=True,
    )
    def models() -> Iterator[Any]:
        yield from ()

    return models


def metadata_of(spec: AssetSpec | AssetCheckSpec) -> dict[str, object]:
    kept = {name: value for name, value in (spec.metadata or {}).items() if name not in UNKEPT}
    return dict(normalize_metadata(kept))


def shown(made: AssetsDefinition) -> dict[object, object]:
    assets: dict[object, object] = {
        spec.key: (
            [getattr(spec, name) for name in OF_ASSETS],
            {dep.asset_key for dep in spec.deps},
            metadata_of(spec),
        )
        for spec in made.specs
    }
    checks = {
        spec.key: ([getattr(spec, name) for name in OF_CHECKS], metadata_of(spec))
        for spec in made.check_specs
    }
    return assets | checks


def test_what_is_kept_of_dbts_models_is_what_dagster_dbt_says() -> None:
    kept = ours()
    assert len(shown(theirs)) > 200
    assert shown(kept) == shown(theirs)
    assert kept.op.ins.keys() == theirs.op.ins.keys()
    assert kept.op.outs.keys() == theirs.op.outs.keys()


def test_a_runs_process_loads_neither_dbt_nor_dlt_before_it_needs_them() -> None:
    dbt_specs()
    told = "import sys, orchestration.definitions; print(*sys.modules)"
    found = subprocess.check_output([sys.executable, "-c", told], text=True).split()
    assert "dagster" in found
    assert not UNNEEDED & set(found)
