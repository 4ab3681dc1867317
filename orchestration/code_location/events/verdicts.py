"""The checks of `checks` as events: what each says of which asset.

Enters: the settings. Leaves: verdicts. When a job asks for them, and what they stop, stands in
`asset_checks`.
"""

from collections.abc import Iterator

from orchestration.code_location.events.event import AssetPath, Verdict
from orchestration.code_location.events.stage_events import ACCOUNT_STORE
from orchestration.configuration.settings import Settings
from orchestration.monitoring import checks
from orchestration.monitoring.checks import Check, Checked

MARTS = ("marts", "account_traits")
COMPARED = ("customers", "subscriptions", "invoices", "prices", "products", "coupons")
OF_STORE: tuple[Check, ...] = (checks.counts_conserve, checks.latency, checks.no_drift)
AGREES = "agrees_with_stripe"


def verdicts_on_marts(settings: Settings) -> Iterator[Verdict]:
    for check in checks.OF_MARTS:
        yield _verdict(check(settings), MARTS, check.__name__)


def verdicts_on_store(settings: Settings) -> Iterator[Verdict]:
    for check in OF_STORE:
        yield _verdict(check(settings), ACCOUNT_STORE, check.__name__)


def verdicts_on_landing(settings: Settings) -> Iterator[Verdict]:
    for stream in COMPARED:
        found = checks.agrees_with_stripe(settings, stream)
        yield _verdict(found, ("stripe", stream), AGREES)
    yield _verdict(checks.equals_full_build(settings), MARTS, checks.equals_full_build.__name__)


def verdicts_on_both_ends(settings: Settings) -> Iterator[Verdict]:
    yield from verdicts_on_landing(settings)
    yield _verdict(checks.no_drift(settings), ACCOUNT_STORE, checks.no_drift.__name__)


def _verdict(found: Checked, asset: AssetPath, check: str) -> Verdict:
    return Verdict(
        asset,
        check,
        passed=found.verdict == "pass",
        is_error=found.verdict == "fail",
        text=found.text,
        metadata=found.counts,
    )
