"""From dbt's results to events: a materialisation a model, a verdict a test.

Enters: what dbt did. Leaves: events. dbt runs inside this process (a second process would lose the
kept manifest and could outlive the lock's holder), so dagster-dbt's own stream of a `dbt` command's
output is not used; keys and check names are dagster-dbt's.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from orchestration.build.node_result import NodeResult
from orchestration.code_location.events.asset_keys import Place, asset_keys
from orchestration.code_location.events.event import AssetPath, Event, Materialised, Verdict
from orchestration.stages.build import Built

Shown = Callable[[str], Mapping[str, Any]]  # of a published mart, by name


def dbt_events(built: Built, shown: Shown = lambda mart: {}) -> Iterator[Event]:
    """Events in dbt's order; nodes that were skipped after a failure have none."""
    places = asset_keys()
    for result in built.results:
        place = places.get(result.unique_id)
        if place and place.check and result.status != "skipped":
            yield _check(place.asset, place.check, result)
        elif place and not place.check and result.status == "success":
            yield _materialisation(place, result, built, shown)


def _materialisation(place: Place, result: NodeResult, built: Built, shown: Shown) -> Materialised:
    schema, name = place.asset
    is_published = bool(built.published) and schema == "marts"
    rows = built.published.get(name) if is_published else None
    if rows is None:
        rows = built.rows.get((schema, name))  # None of a view
    return Materialised(
        asset=place.asset,
        metadata={
            "seconds": round(result.seconds, 3),
            **(_rows(rows, result.seconds) if rows is not None else {}),
            **(_told(built) | dict(shown(name)) if is_published else {}),
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


def _check(asset: AssetPath, name: str, result: NodeResult) -> Verdict:
    return Verdict(
        asset,
        name,
        passed=result.status == "pass",
        is_error=result.failed,
        metadata={"failing_rows": result.failures, "seconds": round(result.seconds, 3)},
    )
