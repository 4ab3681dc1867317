"""Days of plausible business through the sandbox's own endpoints, the same for the same seed.

Enters: a store with prices and a clock, days, a seed. Leaves: the clock that many days later.
What people decide is drawn; what Stripe makes of it is computed, by the code that serves it.
"""

from collections import Counter
from random import Random

from sandbox import clock, periods
from sandbox.billing import transitions
from sandbox.business.deeds import DEEDS, Act
from sandbox.business.scene import Scene
from sandbox.storage.store import Store


def live(store: Store, days: int, seed: int) -> Counter[str]:
    """Let days pass with business in them; what was done, and how often."""
    scene = Scene(store, Random(seed))  # noqa: S311 - a seeded business
    calendar = transitions.Calendar(store)
    for _ in range(days):
        end = clock.now(store) + periods.DAY
        for moment in sorted(scene.rng.randrange(1, periods.DAY) for _ in range(_busy(scene))):
            calendar.advance(end - periods.DAY + moment)
            name, act = _drawn(scene.rng)
            scene.done[name if act(scene) else f"{name} (refused)"] += 1
        calendar.advance(end)
    return scene.done


def _busy(scene: Scene) -> int:
    """Two deeds a day, and more the more customers there are."""
    return 2 + scene.rng.randrange(3) + scene.store.count("customer") // 100


def _drawn(rng: Random) -> tuple[str, Act]:
    name, _, act = rng.choices(DEEDS, [often for _, often, _ in DEEDS])[0]
    return name, act
