"""What each generated subscriber decides: drawn from a table of situations.

Enters: a generator of random numbers, the catalogue, the customer. Leaves: a `Life`.
"""

from dataclasses import dataclass, replace
from random import Random
from typing import Any

from sandbox import builders, periods
from sandbox.population.catalogue import Catalogue
from sandbox.population.habits import BUNDLES, DOWN, MONTHLY, SITUATIONS, UP, YEARLY
from sandbox.population.life import DAY, HOUR, RETRIES, Life, Part, period
from sandbox.shapes import Json

TRIAL = 14 * DAY


@dataclass(frozen=True)
class Scene:
    """What a choice may depend on."""

    rng: Random
    catalogue: Catalogue
    currency: str
    now: int


def life(scene: Scene, customer: Json, suffix: str, method: str | None) -> Life:
    """One subscription's decisions."""
    rng = scene.rng
    situation = rng.choices(tuple(SITUATIONS), tuple(SITUATIONS.values()))[0]
    start = customer["created"] + rng.randrange(60, 6 * DAY)
    bundle = rng.choices([b for _, b in BUNDLES], [w for w, _ in BUNDLES])[0]
    plain = Life(
        id=f"sub_{suffix}",
        customer=customer["id"],
        start=min(start, scene.now - 60),
        parts=_parts(scene, suffix, bundle),
        flexible=len({name.split("_")[-1] for name, _, _ in bundle}) > 1 or rng.random() < 0.3,
        taxed=scene.currency == "eur" and rng.random() < 0.4,
        pays_by_invoice=rng.random() < 0.04,
        payment_method=method if rng.random() < 0.1 else None,
        pulse=rng.randrange(1, 9000),
    )
    return _discounted(scene, _situated(scene, plain, situation, suffix))


def _situated(scene: Scene, plain: Life, situation: str, suffix: str) -> Life:
    handler = _HANDLERS.get(situation)
    return handler(scene, plain, suffix) if handler else plain


def _parts(scene: Scene, suffix: str, bundle: tuple[tuple[str, int, int], ...]) -> tuple[Part, ...]:
    return tuple(
        Part(
            f"si_{suffix}{index}",
            scene.catalogue.prices[name, scene.currency],
            scene.rng.randint(least, most),
        )
        for index, (name, least, most) in enumerate(bundle)
    )


def _monthly(scene: Scene, plain: Life, suffix: str, names: tuple[str, ...] = MONTHLY) -> Life:
    name = scene.rng.choice(names)
    most = 20 if name.startswith("seat") else 1
    return replace(plain, parts=_parts(scene, suffix, ((name, 1, most),)), pays_by_invoice=False)


def _boundary(plain: Life, moment: int) -> int:
    """The renewal before a moment."""
    return period(plain.parts[0], plain.anchor, moment)[0]


def _between(scene: Scene, start: int, end: int) -> int:
    return scene.rng.randrange(start, max(start + 1, end))


def _converted(scene: Scene, plain: Life, _: str) -> Life:
    start = min(plain.start, scene.now - TRIAL - HOUR)
    return replace(plain, start=start, trial_end=start + TRIAL)


def _changed(names: dict[str, str]) -> Any:
    def choose(scene: Scene, plain: Life, suffix: str) -> Life:
        if plain.start > scene.now - 3 * DAY:
            return plain
        chosen = _monthly(scene, plain, suffix, tuple(names))
        new = names[chosen.parts[0].price["id"].removeprefix("price_").rpartition("_")[0]]
        at = _between(scene, plain.start + DAY, scene.now - HOUR)
        part = replace(chosen.parts[0], price=scene.catalogue.prices[new, scene.currency])
        if at == _boundary(chosen, at):
            at += HOUR
        return replace(chosen, changed_at=at, later=(part,))

    return choose


def _canceled(scene: Scene, plain: Life, _: str) -> Life:
    end = _between(scene, plain.start + HOUR, scene.now)
    return replace(plain, end=end, end_asked=end) if end <= scene.now else plain


def _canceled_at_period_end(scene: Scene, plain: Life, suffix: str) -> Life:
    chosen = _monthly(scene, plain, suffix)
    asked = _between(scene, plain.start + HOUR, scene.now - 20 * DAY)
    end = period(chosen.parts[0], chosen.anchor, asked)[1]
    return replace(chosen, end=end, end_asked=asked, at_period_end=True)


def _ending(scene: Scene, plain: Life, _: str) -> Life:
    """Asked for since the last renewal, not yet over."""
    chosen = replace(plain, parts=plain.parts[:1])
    start, end = period(chosen.parts[0], chosen.anchor, scene.now)
    asked = _between(scene, start + 60, scene.now)
    return replace(chosen, end=end, end_asked=asked, at_period_end=True, flexible=False)


def _ending_flexible(scene: Scene, plain: Life, suffix: str) -> Life:
    return replace(_ending(scene, plain, suffix), flexible=True)


def _past_due(scene: Scene, plain: Life, suffix: str) -> Life:
    chosen = _monthly(scene, plain, suffix)
    fails = _boundary(chosen, scene.now - HOUR)
    return replace(chosen, fails_from=fails) if fails > chosen.start else plain


def _unpaid(scene: Scene, plain: Life, suffix: str) -> Life:
    chosen = _monthly(scene, plain, suffix)
    fails = _boundary(chosen, scene.now - RETRIES - HOUR)
    return replace(chosen, fails_from=fails, ends_unpaid=True) if fails > chosen.start else plain


def _canceled_unpaid(scene: Scene, plain: Life, suffix: str) -> Life:
    chosen = _monthly(scene, plain, suffix)
    fails = _boundary(chosen, _between(scene, plain.start, scene.now - RETRIES))
    if not chosen.start < fails < scene.now - RETRIES:
        return plain
    end = fails + RETRIES
    return replace(chosen, fails_from=fails, end=end, end_reason="payment_failed")


def _trialing(scene: Scene, plain: Life, _: str) -> Life:
    start = max(plain.start, scene.now - _between(scene, HOUR, TRIAL - HOUR))
    return replace(plain, start=start, trial_end=start + TRIAL)


def _trial_lost(scene: Scene, plain: Life, _: str) -> Life:
    start = plain.start
    end = start + TRIAL
    asked = _between(scene, start + HOUR, min(end, scene.now))
    return replace(plain, trial_end=end, end=end, end_asked=asked, at_period_end=True)


def _trial_paused(scene: Scene, plain: Life, _: str) -> Life:
    start = min(plain.start, scene.now - TRIAL - HOUR)
    return replace(plain, start=start, trial_end=start + TRIAL, paused_at=start + TRIAL)


def _paused(scene: Scene, plain: Life, _: str) -> Life:
    return replace(plain, paused_at=_between(scene, plain.start + 60, scene.now))


def _held(scene: Scene, plain: Life, _: str) -> Life:
    how = scene.rng.choice(("void", "keep_as_draft", "mark_uncollectible"))
    since = _between(scene, max(plain.start + 60, scene.now - 60 * DAY), scene.now)
    return replace(plain, held_from=since, held_how=how)


def _incomplete(scene: Scene, plain: Life, _: str) -> Life:
    start = max(plain.start, scene.now - _between(scene, 60, 20 * HOUR))
    return replace(plain, start=start, first_fails=True, pays_by_invoice=False)


def _incomplete_expired(scene: Scene, plain: Life, suffix: str) -> Life:
    return replace(_incomplete(scene, plain, suffix), start=plain.start)


_HANDLERS = {
    "converted": _converted,
    "upgraded": _changed(UP),
    "downgraded": _changed(DOWN),
    "to_yearly": _changed(YEARLY),
    "canceled": _canceled,
    "canceled_at_period_end": _canceled_at_period_end,
    "canceled_unpaid": _canceled_unpaid,
    "trialing": _trialing,
    "trial_lost": _trial_lost,
    "trial_paused": _trial_paused,
    "past_due": _past_due,
    "unpaid": _unpaid,
    "paused": _paused,
    "held": _held,
    "ending": _ending,
    "ending_flexible": _ending_flexible,
    "incomplete": _incomplete,
    "incomplete_expired": _incomplete_expired,
}


def _discounted(scene: Scene, plain: Life) -> Life:
    """On the subscription, two at once, on an item, or (mostly) none."""
    drawn = scene.rng.random()
    if drawn < 0.16:
        return replace(plain, discounts=(discount(scene, plain.id, 0, plain.start),))
    if drawn < 0.18:
        both = tuple(discount(scene, plain.id, index, plain.start) for index in (0, 1))
        return replace(plain, discounts=both)
    if drawn < 0.21 and not plain.later:
        first = plain.parts[0]
        held = replace(first, discounts=(discount(scene, first.id, 0, plain.start),))
        return replace(plain, parts=(held, *plain.parts[1:]))
    return plain


def discount(scene: Scene, carrier: str, index: int, start: int) -> Json:
    """A coupon that fits the currency, from `start`, for as long as it lasts."""
    name = scene.rng.choice(scene.catalogue.coupons_for(scene.currency))
    months = scene.catalogue.coupons[name]["duration_in_months"]
    end = periods.add_months(start, months) if months else None
    return builders.discount(coupon=name, id=f"di_{carrier}{index}", start=start, end=end)
