"""The lifecycle of one account: trial, subscribed, churned or none, with its dates and MRR.

In: tracking config, the account's full current traits, its previous lifecycle and as_of. Out: its
lifecycle now. Pure: no clock, no database. Not here: where traits and settings come from.

| reads (single mode)            | reads (multi mode)           | status     |
|--------------------------------|------------------------------|------------|
| status active                  | paying > 0                   | subscribed |
| status trialing                | paying 0, trialing > 0       | trial      |
| an operator's trial date ahead | the same                     | trial      |
| status canceled                | both 0 after having paid     | churned    |
| no status after having paid    |                              | churned    |
| no status                      | both 0 without having paid   | none       |

The first line that fits wins. MRR is null, never 0, unless the account is subscribed.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from reverse_sync.values.tracked_values import Tracked, UnreadableTrait, date, number, setting
from reverse_sync.values.tracking import Tracking
from reverse_sync.values.traits import Traits

Status = Literal["trial", "subscribed", "churned"]
Subscription = Literal["paying", "trialing", "ended"]

# Beside the configured traits: evidence that sharpens a date or proves an earlier payment.
SUBSCRIPTION_STATUS = "stripe.currentSubscriptionStatus"
TRIALING_COUNT = "stripe.subscriptionTrialingCount"
TRIAL_START = "stripe.trialStart"
CANCELED_AT = "stripe.canceledAt"
CANCEL_AT_PERIOD_END = "stripe.cancelAtPeriodEnd"
SUBSCRIPTION_INVOICE_AMOUNTS = "stripe.lastInvoiceAmounts"

EVIDENCE = frozenset(
    {
        SUBSCRIPTION_STATUS,
        TRIALING_COUNT,
        TRIAL_START,
        CANCELED_AT,
        CANCEL_AT_PERIOD_END,
        SUBSCRIPTION_INVOICE_AMOUNTS,
    }
)

SUBSCRIPTIONS: dict[str, Subscription] = {
    "active": "paying",
    "trialing": "trialing",
    "canceled": "ended",
}


def traits_read(tracking: Tracking) -> frozenset[str]:
    """The traits that a lifecycle under this config depends on; no other is looked at."""
    settings = tracking.settings.values()
    return EVIDENCE | {setting.trait for setting in settings if setting.trait is not None}


@dataclass(frozen=True, kw_only=True)
class Lifecycle:
    """What the account store shows of an account beside its traits."""

    status: Status | None = None
    status_since: datetime | None = None
    trial_ends_at: datetime | None = None
    renewal_at: datetime | None = None
    churned_at: datetime | None = None
    mrr: Decimal | None = None


@dataclass(frozen=True)
class Dates:
    """What no trait tells where an account has several subscriptions: when the last one ended
    (None: one lives), and when the first trial ends."""

    ended_at: datetime | None = None
    trial_ends_at: datetime | None = None


NO_DATES = Dates()


@dataclass(frozen=True)
class Previous:
    """The lifecycle that the store holds, and whether the end was already scheduled then."""

    lifecycle: Lifecycle
    cancels_at_period_end: bool = False


def lifecycle(
    *,
    tracking: Tracking,
    traits: Traits,
    previous: Previous | None,
    as_of: datetime,
    dates: Dates = NO_DATES,
) -> Lifecycle:
    """The account's lifecycle at as_of."""
    trial_ends_at = _trial_ends_at(setting(tracking, "trial"), traits, dates)
    status = _status(tracking, traits, previous, trial_ends_at, as_of)
    churned_at = _churned_at(traits, previous, as_of, dates) if status == "churned" else None
    return Lifecycle(
        status=status,
        status_since=_status_since(status, churned_at, traits, previous, as_of),
        trial_ends_at=trial_ends_at,
        renewal_at=_renewal_at(setting(tracking, "renewal"), traits, status),
        churned_at=churned_at,
        mrr=_mrr(setting(tracking, "revenue"), traits, status),
    )


def review_at(tracking: Tracking, now: Lifecycle) -> datetime | None:
    """When time alone ends this lifecycle: an operator's trial date. Else only a change does."""
    trial = setting(tracking, "trial")
    by_date = trial is not None and trial.rule == "end_date"
    return now.trial_ends_at if by_date and now.status == "trial" else None


def _status(
    tracking: Tracking,
    traits: Traits,
    previous: Previous | None,
    trial_ends_at: datetime | None,
    as_of: datetime,
) -> Status | None:
    subscription = _subscription(setting(tracking, "churn"), traits)
    if subscription == "paying":
        return "subscribed"
    on_trial = _on_trial(setting(tracking, "trial"), traits, trial_ends_at, as_of)
    if subscription == "trialing" or on_trial:
        return "trial"
    if subscription == "ended" or _has_paid(traits, previous):
        return "churned"
    return None


def _subscription(churn: Tracked | None, traits: Traits) -> Subscription | None:
    if churn is None:
        return None
    value = traits.get(churn.trait)
    if churn.rule == "paying_count":
        if number(churn.trait, value) > 0:
            return "paying"
        return "trialing" if number(TRIALING_COUNT, traits.get(TRIALING_COUNT)) > 0 else None
    if value is None:
        return None
    if not isinstance(value, str) or value not in SUBSCRIPTIONS:
        known = ", ".join(SUBSCRIPTIONS)
        raise UnreadableTrait(f"{churn.trait} is {value!r}; churn tracking knows {known}")
    return SUBSCRIPTIONS[value]


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


def _trial_ends_at(trial: Tracked | None, traits: Traits, dates: Dates) -> datetime | None:
    if trial is None:
        return None
    if trial.rule == "trialing_count":
        return dates.trial_ends_at
    return date(trial.trait, traits.get(trial.trait))


def _renewal_at(renewal: Tracked | None, traits: Traits, status: Status | None) -> datetime | None:
    if renewal is None or status == "churned":
        return None
    return date(renewal.trait, traits.get(renewal.trait))


def _mrr(revenue: Tracked | None, traits: Traits, status: Status | None) -> Decimal | None:
    if revenue is None or status != "subscribed":
        return None
    amount = number(revenue.trait, traits.get(revenue.trait))
    return amount if amount > 0 else None


def _has_paid(traits: Traits, previous: Previous | None) -> bool:
    if previous is not None and previous.lifecycle.status in ("subscribed", "churned"):
        return True
    amounts = traits.get(SUBSCRIPTION_INVOICE_AMOUNTS)
    return isinstance(amounts, tuple) and any(isinstance(a, Decimal) and a > 0 for a in amounts)


def _churned_at(
    traits: Traits, previous: Previous | None, as_of: datetime, dates: Dates
) -> datetime | None:
    """The date of the end: scheduled, else Stripe's, else when it was seen; unknown at first."""
    was = previous.lifecycle if previous else Lifecycle()
    if was.status == "churned" and was.churned_at:
        return was.churned_at
    if previous and previous.cancels_at_period_end and was.renewal_at:
        return min(was.renewal_at, as_of)
    canceled_at = date(CANCELED_AT, traits.get(CANCELED_AT)) or dates.ended_at
    if canceled_at is not None and canceled_at <= as_of:
        return canceled_at
    return as_of if was.status in ("subscribed", "trial") else None


def _status_since(
    status: Status | None,
    churned_at: datetime | None,
    traits: Traits,
    previous: Previous | None,
    as_of: datetime,
) -> datetime | None:
    if status is None:
        return None
    if previous is not None and previous.lifecycle.status == status:
        return previous.lifecycle.status_since
    if status == "churned":
        return churned_at or as_of
    started = date(TRIAL_START, traits.get(TRIAL_START)) if status == "trial" else None
    return started if started is not None and started <= as_of else as_of
