"""Every transition of an account's lifecycle, in both modes, and who owns the tracking config."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from reverse_sync.values.lifecycle import Facts, Lifecycle, lifecycle, review_at
from reverse_sync.values.tracked_values import UnreadableTrait
from reverse_sync.values.tracking import STRIPE_SETTINGS, Mode, Setting, Tracking, enabling
from reverse_sync.values.traits import Traits

JUNE_15 = datetime(2025, 6, 15, tzinfo=UTC)
JUNE_10 = datetime(2025, 6, 10, tzinfo=UTC)
MAY_1 = datetime(2025, 5, 1, tzinfo=UTC)
MAY_20 = datetime(2025, 5, 20, tzinfo=UTC)
OWN_RULE = "subscription_status"

SINGLE = Tracking({setting.aspect: setting for setting in STRIPE_SETTINGS["single"]}, "single")
MULTI = Tracking({setting.aspect: setting for setting in STRIPE_SETTINGS["multi"]}, "multi")


def single(status: str | None, mrr: int | None = 50) -> Traits:
    return {
        "stripe.currentSubscriptionStatus": status,
        "stripe.mrr": None if mrr is None else Decimal(mrr),
        "stripe.currentPeriodEnd": "2025-07-01T00:00:00Z",
    }


def multi(paying: int, trialing: int, mrr: int | None = 50) -> Traits:
    return {
        "stripe.subscriptionPayingCount": Decimal(paying),
        "stripe.subscriptionTrialingCount": Decimal(trialing),
        "stripe.allMrr": None if mrr is None else Decimal(mrr),
    }


SUBSCRIBED = Lifecycle(status="subscribed", status_since=MAY_1, mrr=Decimal(50))
TRIAL = Lifecycle(status="trial", status_since=MAY_1)
CHURNED = Lifecycle(status="churned", status_since=MAY_1, churned_at=MAY_1)
STORED = (None, Lifecycle(), TRIAL, SUBSCRIBED, CHURNED)

FACTS = Facts(subscribed_since=MAY_1, trial_since=MAY_20, ended_at=JUNE_10)
PAID = replace(FACTS, has_paid=True)

# traits and facts now, then status, its since, churned_at and mrr
STATES = [
    (SINGLE, single("active"), PAID, "subscribed", MAY_1, None, 50),
    (SINGLE, single("active", 0), FACTS, "subscribed", MAY_1, None, None),
    (SINGLE, single("trialing"), FACTS, "trial", MAY_20, None, None),
    (SINGLE, single("canceled", None), FACTS, "churned", JUNE_10, JUNE_10, None),
    (SINGLE, single("canceled"), replace(PAID, ended_at=None), "churned", None, None, None),
    (SINGLE, single(None, None), FACTS, None, None, None, None),
    (SINGLE, single(None, None), PAID, None, None, None, None),
    (MULTI, multi(1, 0), PAID, "subscribed", MAY_1, None, 50),
    (MULTI, multi(2, 1, 80), PAID, "subscribed", MAY_1, None, 80),
    (MULTI, multi(0, 1, 0), PAID, "trial", MAY_20, None, None),
    (MULTI, multi(0, 0, 0), FACTS, None, None, None, None),
    (MULTI, multi(0, 0, 0), PAID, "churned", JUNE_10, JUNE_10, None),
]


def names() -> Iterator[str]:
    for tracking, _traits, facts, status, since, *_rest in STATES:
        paid = "paid" if facts.has_paid else "unpaid"
        yield f"{tracking.mode}-{paid}-{status}{'-dated' if since else ''}"


@pytest.mark.parametrize("state", STATES, ids=list(names()))
@pytest.mark.parametrize("before", STORED, ids=lambda one: (one and one.status) or "new")
def test_a_lifecycle_is_what_stripe_says_now_whatever_was_stored(
    state: tuple[Any, ...], before: Lifecycle | None
) -> None:
    tracking, traits, facts, status, since, churned_at, mrr = state
    now = lifecycle(tracking=tracking, traits=traits, facts=facts, previous=before, as_of=JUNE_15)
    assert (now.status, now.status_since, now.churned_at) == (status, since, churned_at)
    assert now.mrr == mrr


@pytest.mark.parametrize(
    ("tracking", "traits"),
    [(SINGLE, single("active", None)), (SINGLE, single("active", 20)), (MULTI, multi(1, 0, None))],
    ids=["single", "single-invoiced", "multi"],
)
def test_the_mrr_stays_until_it_is_known(tracking: Tracking, traits: Traits) -> None:
    facts = replace(PAID, unknown_amount="subscription_item si_1, price")
    held = replace(SUBSCRIBED, mrr=Decimal(70))
    now = lifecycle(tracking=tracking, traits=traits, facts=facts, previous=held, as_of=JUNE_15)
    assert (now.status, now.mrr) == ("subscribed", 70)
    again = lifecycle(tracking=tracking, traits=traits, facts=PAID, previous=now, as_of=JUNE_15)
    assert again.mrr != 70


def test_what_is_not_known_keeps_no_mrr_of_an_account_that_has_ended() -> None:
    facts = replace(PAID, unknown_amount="subscription_item si_1, price")
    ended = single("canceled", None)
    now = lifecycle(tracking=SINGLE, traits=ended, facts=facts, previous=SUBSCRIBED, as_of=JUNE_15)
    assert (now.status, now.mrr) == ("churned", None)


def single_now(traits: Traits, previous: Lifecycle | None = None) -> Lifecycle:
    return lifecycle(tracking=SINGLE, traits=traits, facts=FACTS, previous=previous, as_of=JUNE_15)


def test_the_day_that_somebody_asked_is_no_churn_date() -> None:
    traits = {**single("canceled", None), "stripe.canceledAt": "2025-05-20T00:00:00Z"}
    was = replace(SUBSCRIBED, renewal_at=MAY_20)
    assert single_now(traits, was).churned_at == JUNE_10


def test_a_churned_account_has_no_renewal_and_a_subscribed_one_has() -> None:
    assert single_now(single("canceled", None)).renewal_at is None
    assert single_now(single("active")).renewal_at == datetime(2025, 7, 1, tzinfo=UTC)


def test_a_trial_shows_its_end_and_keeps_it() -> None:
    dates = {"stripe.trialEnd": "2025-06-29"}
    end = datetime(2025, 6, 29, tzinfo=UTC)
    assert single_now({**single("trialing"), **dates}).trial_ends_at == end
    assert single_now({**single("active"), **dates}).trial_ends_at == end


def test_several_trials_end_when_the_facts_say() -> None:
    facts = replace(FACTS, trial_ends_at=JUNE_10)
    now = lifecycle(tracking=MULTI, traits=multi(0, 2), facts=facts, previous=None, as_of=JUNE_15)
    assert (now.trial_ends_at, now.renewal_at) == (JUNE_10, None)


def test_what_others_tell_is_dated_by_when_it_was_first_seen() -> None:
    settings = {**SINGLE.settings, "churn": Setting("churn", "app.s", OWN_RULE, "operator")}
    told = Tracking(settings, "single")
    gone = {"app.s": "canceled"}
    for before, since in ((None, JUNE_15), (SUBSCRIBED, JUNE_15), (CHURNED, MAY_1)):
        now = lifecycle(tracking=told, traits=gone, facts=FACTS, previous=before, as_of=JUNE_15)
        assert (now.status, now.status_since, now.churned_at) == ("churned", since, since)


def operators_trial(tracking: Tracking) -> Tracking:
    setting = Setting("trial", "app.trialUntil", "end_date", "operator")
    return Tracking({**tracking.settings, "trial": setting}, tracking.mode)


@pytest.mark.parametrize("tracking", [SINGLE, MULTI], ids=["single", "multi"])
def test_an_operators_trial_date_rules_until_it_has_passed(tracking: Tracking) -> None:
    configured = operators_trial(tracking)
    nothing = {**single(None, None), **multi(0, 0, 0)}
    ahead = {**nothing, "app.trialUntil": "2025-06-16"}
    given = {"tracking": configured, "traits": ahead, "facts": Facts()}
    now = lifecycle(**given, previous=None, as_of=JUNE_15)
    end = datetime(2025, 6, 16, tzinfo=UTC)
    assert (now.status, now.trial_ends_at, review_at(configured, now)) == ("trial", end, end)
    later = lifecycle(**given, previous=now, as_of=end)
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
