"""The traits of TRAITS_DIR, as Dagster's events.

Enters: the published copy. Leaves: a materialisation of `marts/custom_traits` and its one check:
whether they are of the build that was published, and what is wrong if they are not.
"""

from collections.abc import Iterator

from dagster import (
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetKey,
    MaterializeResult,
)

from orchestration.code_location.events.dbt_events import Event
from orchestration.configuration.settings import Settings
from orchestration.own_traits.problems import published
from orchestration.own_traits.shown import described
from orchestration.publication.marts import count_rows, reading

OWN_TRAITS = AssetKey(["marts", "custom_traits"])
OF_THIS_BUILD = AssetCheckSpec(
    "own_traits_are_of_this_build",
    asset=OWN_TRAITS,
    description="Every model of TRAITS_DIR was right; else own traits stay as they were.",
)


def own_traits_events(settings: Settings) -> Iterator[Event]:
    """None without TRAITS_DIR."""
    if not settings.traits_dir:
        return
    with reading(settings.marts) as database:
        wrong, traits = published(database), len(described(database))
        rows = count_rows(database, "custom_traits") if traits else 0
    yield MaterializeResult(
        asset_key=OWN_TRAITS, metadata={"dagster/row_count": rows, "traits": traits}
    )
    yield AssetCheckResult(
        asset_key=OWN_TRAITS,
        check_name=OF_THIS_BUILD.name,
        passed=not wrong,
        severity=AssetCheckSeverity.ERROR,
        description="\n".join(wrong) or None,
    )
