"""What a signed body holds: an event that is ours, one that is not, or none at all.

Enters: a raw body whose signature is right, and whose events are wanted. Leaves: a `Delivery`.
Nothing of it is loaded: an event is a pointer, its object is read again at Stripe.
"""

from dataclasses import dataclass
from typing import Any

import orjson

from ingestion.stripe_api.event_shape import problem
from ingestion.stripe_api.event_types import POINTERS


class NoEvent(Exception):
    """Signed, and yet no event of Stripe's: the text says what is missing."""


class Misshapen(Exception):
    """An event of a shape that nobody can read: the text says what is wrong."""


@dataclass(frozen=True)
class Ours:
    """Whose events are wanted: the mode of the keys, and the Stripe accounts that are read.

    `own` is the account of the first key; blank while nobody could say: the first load gives what
    came without an id to its own.
    """

    livemode: bool
    own: str = ""
    accounts: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Delivery:
    """One event of a Stripe account; `refused` says why it stays out of the inbox: `livemode`,
    `account` or None."""

    event: Any
    stripe_account_id: str
    refused: str | None

    @property
    def known(self) -> bool:
        """Whether its type can change a table of ours; the log keeps the others too."""
        return self.event["type"] in POINTERS


def read(body: bytes, ours: Ours, *, account: str | None) -> Delivery:
    """The event of a body; `account` is whose secret signed it. Raises NoEvent, Misshapen."""
    try:
        event = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise NoEvent("the body is no JSON") from None
    if not isinstance(event, dict) or event.get("object") != "event":
        raise NoEvent("the body is no event: send snapshot events to this endpoint, not thin ones")
    wrong = problem(event)
    if wrong:
        raise Misshapen(wrong)
    account = event.get("account") or account or ours.own  # Connect's deliveries name theirs
    return Delivery(event, account, _refused(event, account, ours))


def _refused(event: dict[str, Any], account: str, ours: Ours) -> str | None:
    if event["livemode"] != ours.livemode:
        return "livemode"
    return None if account in {ours.own, *ours.accounts} else "account"
