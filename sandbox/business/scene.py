"""Where people of the sandbox's business act: its store, the dice, what was done so far.

Enters: requests as the SDK would send them. Leaves: whether each was done. What people decide
stands in `buying` and `deeds`.
"""

from collections import Counter
from dataclasses import dataclass, field
from random import Random

from sandbox.endpoints import WRITES
from sandbox.errors import StripeError
from sandbox.http import writing
from sandbox.shapes import Json
from sandbox.storage.store import Store

LIVE = "status IN ('active', 'trialing', 'past_due')"


@dataclass
class Scene:
    """The store, the dice, and what was done so far."""

    store: Store
    rng: Random
    done: Counter[str] = field(default_factory=Counter)

    def call(self, method: str, path: str, *pairs: tuple[str, object]) -> bool:
        """One request, as the SDK would send it; whether it was done."""
        found = writing.matched(WRITES, method, path)
        if found is None:
            raise ValueError(f"{method} {path}: no such endpoint")
        try:
            texts = [(name, str(value)) for name, value in pairs]
            return writing.answer(self.store, *found, texts).status == 200
        except StripeError:
            return False  # what people ask for is sometimes refused

    def any(self, kind: str, condition: str = "1") -> Json | None:
        """One of a kind, each as likely."""
        table = f"{kind}s"
        (count,) = self.store.one(f"SELECT count(*) FROM {table} WHERE {condition}")
        if not count:
            return None
        statement = f"SELECT id FROM {table} WHERE {condition} ORDER BY created, id LIMIT 1 OFFSET"
        (identity,) = self.store.one(f"{statement} {self.rng.randrange(count)}")
        return self.store.get(kind, identity)
