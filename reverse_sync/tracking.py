"""Tracking config: which trait tells an account's revenue, churn, renewal and trial.

In: the settings in the account store and the mode of the Stripe integration. Out: the changes
that enabling the integration (or changing its mode) makes. Pure.
Not here: what the settings mean for an account (lifecycle.py), where they are kept (the stores).
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Aspect = Literal["revenue", "churn", "renewal", "trial"]
Mode = Literal["single", "multi"]
Owner = Literal["stripe", "operator"]

# The rules that each aspect can read its trait by; lifecycle.py gives them their meaning.
RULES: Mapping[str, tuple[str, ...]] = {
    "revenue": ("amount", "none"),
    "churn": ("subscription_status", "paying_count", "none"),
    "renewal": ("date", "none"),
    "trial": ("while_trialing", "trialing_count", "end_date", "none"),
}


@dataclass(frozen=True)
class Setting:
    """One row of tracking_config."""

    aspect: str
    trait: str | None
    rule: str
    owner: Owner


@dataclass(frozen=True)
class SettingChange:
    """One row of tracking_config_history: what was there and what replaced it."""

    old: Setting | None
    new: Setting
    mode: Mode
    reason: str


@dataclass(frozen=True)
class Tracking:
    """All settings, and the mode in which the integration was last enabled (None: never)."""

    settings: Mapping[str, Setting] = field(default_factory=dict)
    mode: Mode | None = None

    @property
    def digest(self) -> str:
        """Changes whenever a setting does: accounts with another digest are looked at again."""
        rows = sorted((s.aspect, s.trait or "", s.rule) for s in self.settings.values())
        return hashlib.sha256(repr(rows).encode()).hexdigest()[:16]


def _stripe(aspect: Aspect, trait: str | None, rule: str) -> Setting:
    return Setting(aspect=aspect, trait=trait, rule=rule, owner="stripe")


STRIPE_SETTINGS: Mapping[Mode, tuple[Setting, ...]] = {
    "single": (
        _stripe("revenue", "stripe.mrr", "amount"),
        _stripe("churn", "stripe.currentSubscriptionStatus", "subscription_status"),
        _stripe("renewal", "stripe.currentPeriodEnd", "date"),
        _stripe("trial", "stripe.trialEnd", "while_trialing"),
    ),
    "multi": (
        _stripe("revenue", "stripe.allMrr", "amount"),
        _stripe("churn", "stripe.subscriptionPayingCount", "paying_count"),
        _stripe("renewal", None, "none"),  # several subscriptions have no one renewal date
        _stripe("trial", "stripe.subscriptionTrialingCount", "trialing_count"),
    ),
}


def enabling(tracking: Tracking, *, mode: Mode) -> tuple[SettingChange, ...]:
    """The changes of enabling the integration in this mode; none where it already is."""
    if tracking.mode == mode:
        return ()
    reason = "enabled" if tracking.mode is None else "mode changed"
    return tuple(
        SettingChange(
            old=tracking.settings.get(setting.aspect), new=setting, mode=mode, reason=reason
        )
        for setting in STRIPE_SETTINGS[mode]
        if not _is_operators_trial(tracking.settings.get(setting.aspect))
    )


def _is_operators_trial(setting: Setting | None) -> bool:
    return setting is not None and setting.aspect == "trial" and setting.owner == "operator"
