"""The checks of `checks` as Dagster's asset checks: on which asset, and what they stop.

Enters: the settings. Leaves: check definitions. Those of `account_traits` are blocking: where they
fail the account store is not written.
"""

from collections.abc import Iterator, Sequence

from dagster import (
    AssetCheckResult,
    AssetChecksDefinition,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetKey,
    multi_asset_check,
)

from orchestration.code_location.events.dbt_events import Told, told
from orchestration.configuration.environment import read_settings
from orchestration.configuration.settings import Settings
from orchestration.monitoring import checks
from orchestration.monitoring.checks import Check, Checked

MARTS, STORE = AssetKey(["marts", "account_traits"]), AssetKey(["account_store"])
COMPARED = ("customers", "subscriptions", "invoices", "prices", "products", "coupons")
OF_STORE: tuple[Check, ...] = (checks.counts_conserve, checks.latency, checks.no_drift)
AGREES = "agrees_with_stripe"


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
    yield from verdicts_on_marts(read_settings(for_stripe=False))


@multi_asset_check(
    specs=[
        AssetCheckSpec(check.__name__, asset=STORE, description=check.__doc__) for check in OF_STORE
    ]
)
def after_delivery() -> Iterator[AssetCheckResult]:
    """What a delivery has left behind."""
    yield from verdicts_on_store(read_settings(for_stripe=False))


@multi_asset_check(
    specs=[
        AssetCheckSpec(AGREES, asset=["stripe", stream], description="As Stripe has it.")
        for stream in COMPARED
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
    yield from verdicts_on_landing(read_settings(for_stripe=False))


def verdicts_on_marts(settings: Settings) -> Iterator[AssetCheckResult]:
    for check in checks.OF_MARTS:
        yield _result(check(settings), MARTS, check.__name__)


def verdicts_on_store(settings: Settings) -> Iterator[AssetCheckResult]:
    for check in OF_STORE:
        yield _result(check(settings), STORE, check.__name__)


def verdicts_on_landing(settings: Settings) -> Iterator[AssetCheckResult]:
    for stream in COMPARED:
        found = checks.agrees_with_stripe(settings, stream)
        yield _result(found, AssetKey(["stripe", stream]), AGREES)
    yield _result(checks.equals_full_build(settings), MARTS, checks.equals_full_build.__name__)


def evaluations(settings: Settings) -> Iterator[Told]:
    """The verdicts on both ends, as events that belong to no run."""
    for verdict in verdicts_on_landing(settings):
        yield told(verdict)
    yield told(_result(checks.no_drift(settings), STORE, checks.no_drift.__name__))


def _result(found: Checked, key: AssetKey, name: str) -> AssetCheckResult:
    failed = found.verdict == "fail"
    return AssetCheckResult(
        asset_key=key,
        check_name=name,
        passed=found.verdict == "pass",
        severity=AssetCheckSeverity.ERROR if failed else AssetCheckSeverity.WARN,
        description=found.text,
        metadata=found.counts,
    )
