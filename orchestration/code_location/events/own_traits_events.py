"""The traits of TRAITS_DIR, as events.

Enters: the published copy. Leaves: a materialisation of `marts/custom_traits` and its one check:
whether they are of the build that was published, and what is wrong if they are not.
"""

from collections.abc import Iterator

from orchestration.code_location.events.event import Event, Materialised, Verdict
from orchestration.configuration.settings import Settings
from orchestration.own_traits.problems import published
from orchestration.own_traits.shown import described
from orchestration.publication.marts import count_rows, reading

OWN_TRAITS = ("marts", "custom_traits")
OF_THIS_BUILD = "own_traits_are_of_this_build"


def own_traits_events(settings: Settings) -> Iterator[Event]:
    """None without TRAITS_DIR."""
    if not settings.traits_dir:
        return
    with reading(settings.marts) as database:
        wrong, traits = published(database), len(described(database))
        rows = count_rows(database, "custom_traits") if traits else 0
    yield Materialised(OWN_TRAITS, {"dagster/row_count": rows, "traits": traits})
    yield Verdict(
        OWN_TRAITS,
        OF_THIS_BUILD,
        passed=not wrong,
        is_error=True,
        text="\n".join(wrong) or None,
    )
