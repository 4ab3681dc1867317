"""Which objects an event points at, and the poll of Stripe's event feed.

Enters: events as Stripe sends them. Leaves: pointers (stream, id); payloads are never loaded.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ingestion.stripe_api.client import Client, Parameters
from ingestion.stripe_api.list_page import BrokenPage, following, objects
from ingestion.stripe_api.reader import PAGE

Pointer = tuple[str, str]


def _itself(stream: str) -> Callable[[Any], Iterator[Pointer]]:
    return lambda found: iter([(stream, found["id"])])


def _source(found: Any) -> Iterator[Pointer]:
    """A card is served as a payment method too. A subscription can name it as its own."""
    yield from _owners(found)
    yield "payment_methods", found["id"]


def _owners(found: Any) -> Iterator[Pointer]:
    """A discount or a card changes what it hangs on."""
    for field, stream in (("customer", "customers"), ("subscription", "subscriptions")):
        owner = found.get(field)
        if owner:
            yield stream, owner["id"] if isinstance(owner, dict) else owner


_ACTIONS = ("created", "updated", "deleted")


def _types(kind: str, *actions: str) -> tuple[str, ...]:
    return tuple(f"{kind}.{action}" for action in actions or _ACTIONS)


SUBSCRIPTION_ACTIONS = (
    *_ACTIONS,
    "paused",
    "resumed",
    "pending_update_applied",
    "pending_update_expired",
    "trial_will_end",
)
INVOICE_ACTIONS = (
    "paid",
    "payment_succeeded",
    "updated",
    "voided",
    "marked_uncollectible",
    "deleted",
)
PAYMENT_METHOD_ACTIONS = ("attached", "automatically_updated", "detached", "updated")

# Every type that is read, and what it points at.
POINTERS: dict[str, Callable[[Any], Iterator[Pointer]]] = {
    **dict.fromkeys(_types("customer"), _itself("customers")),
    **dict.fromkeys(_types("customer.discount"), _owners),
    **dict.fromkeys(_types("customer.source"), _source),
    **dict.fromkeys(
        _types("customer.subscription", *SUBSCRIPTION_ACTIONS), _itself("subscriptions")
    ),
    **dict.fromkeys(_types("invoice", *INVOICE_ACTIONS), _itself("invoices")),
    **dict.fromkeys(_types("payment_method", *PAYMENT_METHOD_ACTIONS), _itself("payment_methods")),
    **dict.fromkeys(_types("price"), _itself("prices")),
    **dict.fromkeys(_types("plan"), _itself("prices")),
    **dict.fromkeys(_types("product"), _itself("products")),
    **dict.fromkeys(_types("coupon"), _itself("coupons")),
}
# Types of the same objects that change none of our rows: an invoice that is not paid, or not yet,
# what is only announced, and what we keep nothing of. A new type of Stripe's fails a test until it
# stands here or above.
IGNORED = frozenset(
    {
        "customer.source.expiring",
        *_types("customer.tax_id"),
        *_types(
            "invoice",
            "created",
            "finalization_failed",
            "finalized",
            "overdue",
            "overpaid",
            "payment_action_required",
            "payment_attempt_required",
            "payment_failed",
            "sent",
            "upcoming",
            "will_be_due",
        ),
    }
)
EVENTS = "/v1/events"
TYPES_A_CALL = 20  # Stripe's limit for types[]


def pointers(event: Any) -> list[Pointer]:
    """The objects to read again because of this event; none for a type that changes no table."""
    point = POINTERS.get(event["type"])
    return list(point(event["data"]["object"])) if point else []


@dataclass(frozen=True)
class Head:
    """Where the feed stands: `created` of its newest event (Unix seconds, 0: none) and Stripe's
    clock at that moment (naive UTC; None where its answer did not say)."""

    newest: int
    at: datetime | None


async def head(client: Client) -> Head:
    """Where the feed stands now."""
    answer = await client.get(EVENTS, {"limit": 1})
    try:
        made = [event.get("created") for event in objects(answer, EVENTS)]
    except (BrokenPage, AttributeError):
        made = []  # the poll, which asks for the same, will say so
    return Head(max((at for at in made if type(at) is int), default=0), client.date)


async def poll(client: Client, *, since: int, broken: list[BrokenPage]) -> AsyncIterator[list[Any]]:
    """All events of our types created at or after `since` (Unix seconds), in pages, in no order.

    A page that does not say what follows it is added to `broken`; the other types go on.
    """
    types = sorted(POINTERS)
    asked: list[Parameters] = [
        {"created[gte]": max(since, 0), "types": types[start : start + TYPES_A_CALL], "limit": PAGE}
        for start in range(0, len(types), TYPES_A_CALL)
    ]
    # Mostly there is one page each, and who waits for them waits once.
    answers = await asyncio.gather(*(client.get(EVENTS, parameters) for parameters in asked))
    for parameters, answer in zip(asked, answers, strict=True):
        try:
            async for page in _pages(client, parameters, answer):
                yield page
        except BrokenPage as error:
            broken.append(error)


async def _pages(client: Client, parameters: Parameters, answer: Any) -> AsyncIterator[list[Any]]:
    """The answer's events, then those of the pages after it."""
    while True:
        yield objects(answer, EVENTS)
        last = following(answer, EVENTS)
        if last is None:
            return
        answer = await client.get(EVENTS, {**parameters, "starting_after": last})
