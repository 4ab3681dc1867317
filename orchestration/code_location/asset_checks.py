"""The checks of `checks` as Dagster's asset checks: on which asset, and what they stop.

Enters: the settings. Leaves: check definitions. Those of `account_traits` are blocking: where they
fail the account store is not written.
"""

from collections.abc import Iterator, Sequence

from dagster import (
    AssetCheckResult,
    AssetChecksDefinition,
    AssetCheckSpec,
    AssetKey,
    multi_asset_check,
)

from orchestration.code_location.events import verdicts
from orchestration.code_location.events.as_dagster import verdict
from orchestration.code_location.events.stage_events import ACCOUNT_STORE
from orchestration.configuration.environment import read_settings
from orchestration.monitoring import checks

MARTS, STORE = AssetKey(verdicts.MARTS), AssetKey(ACCOUNT_STORE)


def asset_checks() -> Sequence[AssetChecksDefinition]:
    return [before_delivery, after_delivery, beside_stripe]


@multi_asset_check(
    specs=[
        AssetCheckSpec(check.__name__, asset=MARTS, blocking=True, description=check.__doc__)
        for check in checks.OF_MARTS
    ]
)
def before_delivery() -> Iterator[AssetCheckResult]:
    """Wrong data in the marts stops here."""
    yield from map(verdict, verdicts.verdicts_on_marts(read_settings(for_stripe=False)))


@multi_asset_check(
    specs=[
        AssetCheckSpec(check.__name__, asset=STORE, description=check.__doc__)
        for check in verdicts.OF_STORE
    ]
)
def after_delivery() -> Iterator[AssetCheckResult]:
    """What a delivery has left behind."""
    yield from map(verdict, verdicts.verdicts_on_store(read_settings(for_stripe=False)))


@multi_asset_check(
    specs=[
        AssetCheckSpec(verdicts.AGREES, asset=["stripe", stream], description="As Stripe has it.")
        for stream in verdicts.COMPARED
    ]
    + [
        AssetCheckSpec(
            checks.equals_full_build.__name__,
            asset=MARTS,
            description=checks.equals_full_build.__doc__,
        )
    ]
)
def beside_stripe() -> Iterator[AssetCheckResult]:
    """The last comparisons: with Stripe, and with a full build."""
    yield from map(verdict, verdicts.verdicts_on_landing(read_settings(for_stripe=False)))
