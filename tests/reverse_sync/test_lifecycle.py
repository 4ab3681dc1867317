"""Every transition of an account's lifecycle, in both modes, and who owns the tracking config."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from reverse_sync.values.lifecycle import Dates, Lifecycle, Previous, lifecycle, review_at
from reverse_sync.values.tracked_values import UnreadableTrait
from reverse_sync.values.tracking import STRIPE_SETTINGS, Mode, Setting, Tracking, enabling
from reverse_sync.values.traits import Traits

JUNE_15 = datetime(2025, 6, 15, tzinfo=UTC)
JUNE_10 = datetime(2025, 6, 10, tzinfo=UTC)
MAY_1 = datetime(2025, 5, 1, tzinfo=UTC)

SINGLE = Tracking({setting.aspect: setting for setting in STRIPE_SETTINGS["single"]}, "single")
MULTI = Tracking({setting.aspect: setting for setting in STRIPE_SETTINGS["multi"]}, "multi")


def single(status: str | None, mrr: int | None = 50) -> Traits:
    return {
        "stripe.currentSubscriptionStatus": status,
        "stripe.mrr": None if mrr is None else Decimal(mrr),
        "stripe.currentPeriodEnd": "2025-07-01T00:00:00Z",
    }


def multi(paying: int, trialing: int, mrr: int = 50, paid: tuple[int, ...] = ()) -> Traits:
    return {
        "stripe.subscriptionPayingCount": Decimal(paying),
        "stripe.subscriptionTrialingCount": Decimal(trialing),
        "stripe.allMrr": Decimal(mrr),
        "stripe.lastInvoiceAmounts": tuple(Decimal(amount) for amount in paid),
    }


SUBSCRIBED = Lifecycle(status="subscribed", status_since=MAY_1, mrr=Decimal(50))
TRIAL = Lifecycle(status="trial", status_since=MAY_1)
CHURNED = Lifecycle(status="churned", status_since=MAY_1, churned_at=MAY_1)
NEW = None

# before, traits now, status now, its since, churned_at, mrr
TRANSITIONS = [
    (SINGLE, NEW, single("active"), "subscribed", JUNE_15, None, 50),
    (SINGLE, NEW, single("trialing"), "trial", JUNE_15, None, None),
    (SINGLE, NEW, single("canceled", None), "churned", JUNE_15, None, None),
    (SINGLE, NEW, single(None, None), None, None, None, None),
    (SINGLE, TRIAL, single("trialing"), "trial", MAY_1, None, None),
    (SINGLE, TRIAL, single("active"), "subscribed", JUNE_15, None, 50),
    (SINGLE, TRIAL, single("canceled", None), "churned", JUNE_15, JUNE_15, None),
    (SINGLE, TRIAL, single(None, None), None, None, None, None),
    (SINGLE, SUBSCRIBED, single("active", 60), "subscribed", MAY_1, None, 60),
    (SINGLE, SUBSCRIBED, single("active", 0), "subscribed", MAY_1, None, None),
    (SINGLE, SUBSCRIBED, single("trialing"), "trial", JUNE_15, None, None),
    (SINGLE, SUBSCRIBED, single("canceled", None), "churned", JUNE_15, JUNE_15, None),
    (SINGLE, SUBSCRIBED, single(None, None), "churned", JUNE_15, JUNE_15, None),
    (SINGLE, CHURNED, single("canceled", None), "churned", MAY_1, MAY_1, None),
    (SINGLE, CHURNED, single(None, None), "churned", MAY_1, MAY_1, None),
    (SINGLE, CHURNED, single("trialing"), "trial", JUNE_15, None, None),
    (SINGLE, CHURNED, single("active"), "subscribed", JUNE_15, None, 50),
    (MULTI, NEW, multi(1, 0), "subscribed", JUNE_15, None, 50),
    (MULTI, NEW, multi(1, 1), "subscribed", JUNE_15, None, 50),
    (MULTI, NEW, multi(0, 1, 0), "trial", JUNE_15, None, None),
    (MULTI, NEW, multi(0, 0, 0), None, None, None, None),
    (MULTI, NEW, multi(0, 0, 0, paid=(0,)), None, None, None, None),
    (MULTI, NEW, multi(0, 0, 0, paid=(0, 30)), "churned", JUNE_15, None, None),
    (MULTI, TRIAL, multi(0, 2, 0), "trial", MAY_1, None, None),
    (MULTI, TRIAL, multi(1, 0), "subscribed", JUNE_15, None, 50),
    (MULTI, TRIAL, multi(0, 0, 0), None, None, None, None),
    (MULTI, SUBSCRIBED, multi(2, 0, 80), "subscribed", MAY_1, None, 80),
    (MULTI, SUBSCRIBED, multi(0, 1, 0), "trial", JUNE_15, None, None),
    (MULTI, SUBSCRIBED, multi(0, 0, 0), "churned", JUNE_15, JUNE_15, None),
    (MULTI, CHURNED, multi(0, 0, 0), "churned", MAY_1, MAY_1, None),
    (MULTI, CHURNED, multi(0, 1, 0), "trial", JUNE_15, None, None),
    (MULTI, CHURNED, multi(1, 0), "subscribed", JUNE_15, None, 50),
]


def names() -> Iterator[str]:
    for tracking, before, _traits, status, *_rest in TRANSITIONS:
        yield f"{tracking.mode}-{before.status if before else 'new'}-{status}"


@pytest.mark.parametrize("transition", TRANSITIONS, ids=list(names()))
def test_transition(transition: tuple[Any, ...]) -> None:
    tracking, before, traits, status, since, churned_at, mrr = transition
    previous = None if before is None else Previous(before)
    now = lifecycle(tracking=tracking, traits=traits, previous=previous, as_of=JUNE_15)
    assert (now.status, now.status_since, now.churned_at) == (status, since, churned_at)
    assert now.mrr == mrr


def single_now(traits: Traits, previous: Previous | None = None) -> Lifecycle:
    return lifecycle(tracking=SINGLE, traits=traits, previous=previous, as_of=JUNE_15)


def test_stripes_cancel_date_is_the_date_of_the_churn() -> None:
    traits = {**single("canceled", None), "stripe.canceledAt": "2025-06-10T00:00:00Z"}
    for previous in (None, Previous(SUBSCRIBED)):
        now = single_now(traits, previous)
        assert (now.churned_at, now.status_since) == (JUNE_10, JUNE_10)


def test_a_scheduled_end_churns_at_the_end_of_the_period_not_when_it_was_asked_for() -> None:
    was = Lifecycle(status="subscribed", status_since=MAY_1, renewal_at=JUNE_10)
    traits = {**single("canceled", None), "stripe.canceledAt": "2025-05-20T00:00:00Z"}
    assert single_now(traits, Previous(was, cancels_at_period_end=True)).churned_at == JUNE_10


def test_a_churned_account_has_no_renewal_and_a_subscribed_one_has() -> None:
    assert single_now(single("canceled", None)).renewal_at is None
    assert single_now(single("active")).renewal_at == datetime(2025, 7, 1, tzinfo=UTC)


def test_a_trial_shows_its_start_and_its_end_and_keeps_the_end() -> None:
    dates = {"stripe.trialStart": "2025-05-01T00:00:00Z", "stripe.trialEnd": "2025-06-29"}
    end = datetime(2025, 6, 29, tzinfo=UTC)
    now = single_now({**single("trialing"), **dates})
    assert (now.status_since, now.trial_ends_at) == (MAY_1, end)
    assert single_now({**single("active"), **dates}).trial_ends_at == end


def test_several_subscriptions_are_dated_by_what_stands_beside_the_traits() -> None:
    dates = Dates(ended_at=JUNE_10, trial_ends_at=MAY_1)
    for previous in (Previous(SUBSCRIBED), None):
        ended = multi(0, 0, 0, paid=(30,))
        now = lifecycle(tracking=MULTI, traits=ended, previous=previous, as_of=JUNE_15, dates=dates)
        assert (now.status, now.churned_at, now.status_since) == ("churned", JUNE_10, JUNE_10)
        assert now.trial_ends_at == MAY_1


def test_a_mode_without_one_renewal_or_trial_date_shows_none() -> None:
    now = lifecycle(tracking=MULTI, traits=multi(1, 1), previous=None, as_of=JUNE_15)
    assert (now.renewal_at, now.trial_ends_at) == (None, None)


def operators_trial(tracking: Tracking) -> Tracking:
    setting = Setting("trial", "app.trialUntil", "end_date", "operator")
    return Tracking({**tracking.settings, "trial": setting}, tracking.mode)


@pytest.mark.parametrize("tracking", [SINGLE, MULTI], ids=["single", "multi"])
def test_an_operators_trial_date_rules_until_it_has_passed(tracking: Tracking) -> None:
    configured = operators_trial(tracking)
    nothing = {**single(None, None), **multi(0, 0, 0)}
    ahead = {**nothing, "app.trialUntil": "2025-06-16"}
    now = lifecycle(tracking=configured, traits=ahead, previous=None, as_of=JUNE_15)
    end = datetime(2025, 6, 16, tzinfo=UTC)
    assert (now.status, now.trial_ends_at, review_at(configured, now)) == ("trial", end, end)
    later = lifecycle(tracking=configured, traits=ahead, previous=Previous(now), as_of=end)
    assert (later.status, review_at(configured, later)) == (None, None)


@pytest.mark.parametrize(
    ("trait", "value"),
    [
        ("stripe.currentSubscriptionStatus", "resting"),
        ("stripe.currentPeriodEnd", "next spring"),
        ("stripe.currentPeriodEnd", Decimal(5)),
        ("stripe.mrr", "much"),
    ],
)
def test_a_tracked_trait_that_cannot_be_read_is_named(trait: str, value: str) -> None:
    with pytest.raises(UnreadableTrait, match=trait):
        single_now({**single("active"), trait: value})


@pytest.mark.parametrize("mode", ["single", "multi"])
def test_enabling_sets_every_aspect_and_a_second_time_none(mode: Mode) -> None:
    changes = enabling(Tracking(), mode=mode)
    assert [change.new.aspect for change in changes] == ["revenue", "churn", "renewal", "trial"]
    assert enabling(Tracking(mode=mode), mode=mode) == ()


def test_enabling_goes_over_an_operators_settings_but_never_over_a_trial() -> None:
    was = {
        aspect: Setting(aspect, f"app.{aspect}", rule, "operator")
        for aspect, rule in [("revenue", "amount"), ("renewal", "date"), ("trial", "end_date")]
    }
    changes = enabling(Tracking(was), mode="single")
    assert [change.new.aspect for change in changes] == ["revenue", "churn", "renewal"]
    assert changes[0].old == was["revenue"]


def test_a_change_of_mode_sets_stripes_traits_again() -> None:
    changes = enabling(SINGLE, mode="multi")
    assert {change.new.trait for change in changes} == {
        "stripe.allMrr",
        "stripe.subscriptionPayingCount",
        "stripe.subscriptionTrialingCount",
        None,
    }
    assert {change.reason for change in changes} == {"mode changed"}
    assert "trial" not in {c.new.aspect for c in enabling(operators_trial(SINGLE), mode="multi")}
