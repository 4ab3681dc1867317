"""The lifecycle of one account: trial, subscribed, churned or none, with its dates and MRR.

Enters: tracking config, the account's full current traits and facts, its previous lifecycle and
as_of. Leaves: its lifecycle now. Pure: no clock, no database. Not here: where traits, facts and
settings come from.

| reads (single mode)            | reads (multi mode)           | status     |
|--------------------------------|------------------------------|------------|
| status active                  | paying > 0                   | subscribed |
| status trialing                | paying 0, trialing > 0       | trial      |
| an operator's trial date ahead | the same                     | trial      |
| status canceled                | both 0, and it has paid      | churned    |
| no status, or a trial alone    | both 0, and it never paid    | none       |

The first line that fits wins. MRR is null, never 0, unless the account is subscribed; where it is
not known, the one before stays. What Stripe tells depends on nothing that was written before.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal

from reverse_sync.values.tracked_values import Tracked, UnreadableTrait, date, number, setting
from reverse_sync.values.tracking import Tracking
from reverse_sync.values.traits import NAMESPACE, Traits, Value

Status = Literal["trial", "subscribed", "churned"]
Subscription = Literal["paying", "trialing", "ended"]

# Beside the configured traits: what the rules of a trial look at.
SUBSCRIPTION_STATUS = "stripe.currentSubscriptionStatus"
TRIALING_COUNT = "stripe.subscriptionTrialingCount"
ALWAYS_READ = frozenset({SUBSCRIPTION_STATUS, TRIALING_COUNT})

SUBSCRIPTIONS: dict[str, Subscription] = {
    "active": "paying",
    "trialing": "trialing",
    "canceled": "ended",
}


def traits_read(tracking: Tracking) -> frozenset[str]:
    """The traits that a lifecycle under this config depends on; no other is looked at."""
    settings = tracking.settings.values()
    return ALWAYS_READ | {setting.trait for setting in settings if setting.trait is not None}


@dataclass(frozen=True, kw_only=True)
class Lifecycle:
    """What the account store shows of an account beside its traits."""

    status: Status | None = None
    status_since: datetime | None = None
    trial_ends_at: datetime | None = None
    renewal_at: datetime | None = None
    churned_at: datetime | None = None
    mrr: Decimal | None = None


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What account_traits says of an account beside its traits; its columns tell what each is.
    `traits`: those that tracking reads and the store does not have as they are."""

    has_paid: bool = False
    unknown_amount: str | None = None
    subscribed_since: datetime | None = None
    trial_since: datetime | None = None
    trial_ends_at: datetime | None = None
    ended_at: datetime | None = None
    traits: Mapping[str, Value] = field(default_factory=dict)


def lifecycle(
    *,
    tracking: Tracking,
    traits: Traits,
    facts: Facts,
    previous: Lifecycle | None,
    as_of: datetime,
) -> Lifecycle:
    """The account's lifecycle at as_of; `previous` is what the store holds."""
    traits = {**traits, **facts.traits} if facts.traits else traits
    trial_ends_at = _trial_ends_at(setting(tracking, "trial"), traits, facts)
    status = _status(tracking, traits, facts, trial_ends_at, as_of)
    since = _since(status, setting(tracking, "churn"), facts, previous, as_of)
    return Lifecycle(
        status=status,
        status_since=since,
        trial_ends_at=trial_ends_at,
        renewal_at=_renewal_at(setting(tracking, "renewal"), traits, status),
        churned_at=since if status == "churned" else None,
        mrr=_mrr(setting(tracking, "revenue"), traits, facts, previous, status),
    )


def review_at(tracking: Tracking, now: Lifecycle) -> datetime | None:
    """When time alone ends this lifecycle: an operator's trial date. Else only a change does."""
    trial = setting(tracking, "trial")
    by_date = trial is not None and trial.rule == "end_date"
    return now.trial_ends_at if by_date and now.status == "trial" else None


def _status(
    tracking: Tracking,
    traits: Traits,
    facts: Facts,
    trial_ends_at: datetime | None,
    as_of: datetime,
) -> Status | None:
    subscription = _subscription(setting(tracking, "churn"), traits, facts)
    if subscription == "paying":
        return "subscribed"
    on_trial = _on_trial(setting(tracking, "trial"), traits, trial_ends_at, as_of)
    if subscription == "trialing" or on_trial:
        return "trial"
    return "churned" if subscription == "ended" else None


def _subscription(churn: Tracked | None, traits: Traits, facts: Facts) -> Subscription | None:
    if churn is None:
        return None
    value = traits.get(churn.trait)
    if churn.rule == "paying_count":
        if number(churn.trait, value) > 0:
            return "paying"
        if number(TRIALING_COUNT, traits.get(TRIALING_COUNT)) > 0:
            return "trialing"
        return "ended" if facts.has_paid else None
    if value is None:
        return None
    if not isinstance(value, str) or value not in SUBSCRIPTIONS:
        known = ", ".join(SUBSCRIPTIONS)
        raise UnreadableTrait(f"{churn.trait} is {value!r}; churn tracking knows {known}")
    ended = SUBSCRIPTIONS[value] == "ended"
    return None if ended and _was_a_trial_alone(facts) else SUBSCRIPTIONS[value]


def _was_a_trial_alone(facts: Facts) -> bool:
    """Whoever never paid and left before the trial was over is not lost: they never came."""
    if facts.has_paid or facts.ended_at is None or facts.trial_ends_at is None:
        return False
    return facts.ended_at <= facts.trial_ends_at


def _on_trial(
    trial: Tracked | None, traits: Traits, trial_ends_at: datetime | None, as_of: datetime
) -> bool:
    if trial is None:
        return False
    if trial.rule == "while_trialing":
        return traits.get(SUBSCRIPTION_STATUS) == "trialing"
    if trial.rule == "trialing_count":
        return number(trial.trait, traits.get(trial.trait)) > 0
    return trial_ends_at is not None and trial_ends_at > as_of


def _trial_ends_at(trial: Tracked | None, traits: Traits, facts: Facts) -> datetime | None:
    if trial is None:
        return None
    if trial.rule == "trialing_count":
        return facts.trial_ends_at
    return date(trial.trait, traits.get(trial.trait))


def _since(
    status: Status | None,
    churn: Tracked | None,
    facts: Facts,
    previous: Lifecycle | None,
    as_of: datetime,
) -> datetime | None:
    """Stripe's date, which of some churns is not known; of what others tell, when it was seen."""
    if status is None:
        return None
    if churn is not None and _is_stripes(churn):
        dates = {"subscribed": facts.subscribed_since, "trial": facts.trial_since}
        told = dates.get(status, facts.ended_at)
        if told is not None or status == "churned":
            return told
    return previous.status_since if previous and previous.status == status else as_of


def _renewal_at(renewal: Tracked | None, traits: Traits, status: Status | None) -> datetime | None:
    if renewal is None or status == "churned":
        return None
    return date(renewal.trait, traits.get(renewal.trait))


def _mrr(
    revenue: Tracked | None,
    traits: Traits,
    facts: Facts,
    previous: Lifecycle | None,
    status: Status | None,
) -> Decimal | None:
    if revenue is None or status != "subscribed":
        return None
    held = previous.mrr if previous is not None else None
    if held is not None and _is_stripes(revenue) and facts.unknown_amount is not None:
        return held
    amount = number(revenue.trait, traits.get(revenue.trait))
    return amount if amount > 0 else None


def _is_stripes(tracked: Tracked) -> bool:
    return tracked.trait.startswith(NAMESPACE)
