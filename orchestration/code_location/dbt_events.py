"""From dbt's results to Dagster's events: a materialisation a model, a check result a test.

Enters: the manifest and what dbt did. Leaves: events. dbt runs inside this process (a second
process would lose the kept manifest and could outlive the lock's holder), so dagster-dbt's own
stream of a `dbt` command's output is not used; keys and check names come from dagster-dbt.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from dagster import AssetCheckResult, AssetCheckSeverity, MaterializeResult, MetadataValue
from dagster_dbt import DagsterDbtTranslator
from dagster_dbt.asset_utils import get_asset_check_key_for_test

from orchestration.build.node_result import NodeResult
from orchestration.stages.build import Built

ASSET_TYPES = ("model", "seed", "snapshot")
Shown = Callable[[str], Mapping[str, MetadataValue[Any]]]  # of a published mart, by name
Event = MaterializeResult[None] | AssetCheckResult


def dbt_events(
    manifest: Mapping[str, Any], built: Built, shown: Shown = lambda mart: {}
) -> Iterator[Event]:
    """Events in dbt's order; nodes that were skipped after a failure have none."""
    translator = DagsterDbtTranslator()
    for result in built.results:
        kind = result.unique_id.split(".")[0]
        if kind in ASSET_TYPES and result.status == "success":
            yield _materialisation(manifest, translator, result, built, shown)
        elif kind == "test" and result.status != "skipped":
            yield from _check(manifest, translator, result)


def _materialisation(
    manifest: Mapping[str, Any],
    translator: DagsterDbtTranslator,
    result: NodeResult,
    built: Built,
    shown: Shown,
) -> MaterializeResult[None]:
    node = manifest["nodes"][result.unique_id]
    is_published = bool(built.published) and node["schema"] == "marts"
    rows = built.published.get(node["alias"]) if is_published else None
    if rows is None:
        rows = built.rows.get((node["schema"], node["alias"]))  # None of a view
    return MaterializeResult(
        asset_key=translator.get_asset_spec(manifest, result.unique_id, None).key,
        metadata={
            "seconds": round(result.seconds, 3),
            **(_rows(rows, result.seconds) if rows is not None else {}),
            **(_told(built) | dict(shown(node["alias"])) if is_published else {}),
        },
    )


def _told(built: Built) -> dict[str, str]:
    """Of each mart: how much was built and why, by dbt or by what dbt ran before."""
    return {
        "build": f"{'all' if built.is_full else 'what changed'}: {built.why}",
        "built_by": f"dbt: {built.why_dbt}" if built.why_dbt else "the text that dbt ran before",
    }


def _rows(rows: int, seconds: float) -> dict[str, int | float]:
    rate = round(rows / max(seconds, 0.001), 1)
    return {"dagster/row_count": rows, "rows_per_second": rate}


def _check(
    manifest: Mapping[str, Any], translator: DagsterDbtTranslator, result: NodeResult
) -> Iterator[AssetCheckResult]:
    key = get_asset_check_key_for_test(manifest, translator, result.unique_id, None)
    if key is None:
        return
    yield AssetCheckResult(
        asset_key=key.asset_key,
        check_name=key.name,
        passed=result.status == "pass",
        severity=AssetCheckSeverity.ERROR if result.failed else AssetCheckSeverity.WARN,
        metadata={"failing_rows": result.failures, "seconds": round(result.seconds, 3)},
    )
