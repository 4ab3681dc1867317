"""Tracking config: which trait tells an account's revenue, churn, renewal and trial.

Enters: the settings in the account store, their history, the mode of the Stripe integration.
Leaves: the changes that enabling the integration (or changing its mode), an operator's edit or a
restoration make. Pure. Not here: what the settings mean for an account (lifecycle.py), where they
are kept (the stores).
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
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
    """One row of tracking_config_history: what was there and what replaced it.

    `mode` is the one that was enabled; None where an operator made the change.
    """

    old: Setting | None
    new: Setting
    mode: Mode | None
    reason: str


class WrongSetting(ValueError):
    """A setting that no rule could read, or that cannot be restored; the text says what can."""


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
    """The changes of enabling the integration in this mode; none where it already is.

    Revenue, churn and renewal go over whatever is there; an existing trial setting stays.
    """
    if tracking.mode == mode:
        return ()
    reason = "enabled" if tracking.mode is None else "mode changed"
    return tuple(
        SettingChange(
            old=tracking.settings.get(setting.aspect), new=setting, mode=mode, reason=reason
        )
        for setting in STRIPE_SETTINGS[mode]
        if not _is_an_existing_trial(tracking.settings.get(setting.aspect))
    )


def overridden(history: Sequence[SettingChange]) -> dict[str, Setting]:
    """By aspect, the latest setting of somebody's own that enabling the integration replaced.

    `history` is in the order of its changes.
    """
    return {
        change.old.aspect: change.old
        for change in history
        if change.mode is not None and change.old is not None and not _is_stripes(change.old)
    }


def restoring(
    tracking: Tracking, history: Sequence[SettingChange], *, aspects: Sequence[str] = ()
) -> tuple[SettingChange, ...]:
    """The changes that bring back what enabling replaced: of these aspects, or of all.

    Raises WrongSetting for an aspect of which nothing was replaced.
    """
    found = overridden(history)
    missing = sorted(set(aspects) - found.keys())
    if missing:
        there_is = ", ".join(found) or "nothing"
        raise WrongSetting(
            f"nothing of {missing[0]} was overridden; to restore there is {there_is}"
        )
    wanted = {name: setting for name, setting in found.items() if name in aspects or not aspects}
    return tuple(
        SettingChange(
            old=tracking.settings.get(aspect),
            new=replace(setting, owner="operator"),
            mode=None,
            reason="restored",
        )
        for aspect, setting in sorted(wanted.items())
        if _differs(tracking.settings.get(aspect), setting)
    )


def editing(tracking: Tracking, *, aspect: str, trait: str | None, rule: str) -> SettingChange:
    """An operator's own setting of an aspect. Raises WrongSetting for one that nothing can read."""
    if aspect not in RULES:
        raise WrongSetting(f"{aspect} is no aspect; there are {', '.join(RULES)}")
    if rule not in RULES[aspect]:
        raise WrongSetting(f"{aspect} knows no rule {rule}; there are {', '.join(RULES[aspect])}")
    if (trait is None) != (rule == "none"):
        raise WrongSetting(f"{aspect}: name a trait with every rule but none, and none without one")
    new = Setting(aspect=aspect, trait=trait, rule=rule, owner="operator")
    return SettingChange(old=tracking.settings.get(aspect), new=new, mode=None, reason="edited")


def _is_an_existing_trial(setting: Setting | None) -> bool:
    return setting is not None and setting.aspect == "trial" and not _is_stripes(setting)


def _is_stripes(setting: Setting) -> bool:
    """Set by enabling, in either mode, and by nobody since."""
    ours = [own for settings in STRIPE_SETTINGS.values() for own in settings]
    return any(setting == own for own in ours)


def _differs(now: Setting | None, then: Setting) -> bool:
    return now is None or (now.trait, now.rule) != (then.trait, then.rule)
