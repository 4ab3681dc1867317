"""The poll of Stripe's event feed, and where the feed stands.

Enters: a client, a moment. Leaves: pages of events as Stripe sends them.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ingestion.stripe_api.client import Client, Parameters
from ingestion.stripe_api.event_types import POINTERS
from ingestion.stripe_api.list_page import PAGE, BrokenPage, following, objects

EVENTS = "/v1/events"
TYPES_A_CALL = 20  # Stripe's limit for types[]


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


@dataclass(frozen=True)
class Opening:
    """How a poll begins: where the feed stood before it, and the first answer for each of its
    requests, which mostly is the only one."""

    since: int  # Unix seconds
    head: Head
    answers: list[Any]


async def opening(client: Client, *, since: int, known: Head | None = None) -> Opening:
    """Events created at or after `since`: the first answers. `known`: the head, where that was
    asked just before."""
    before = known or await head(client)
    # Who waits for them waits once.
    answers = await asyncio.gather(*(client.get(EVENTS, one) for one in _requests(since)))
    return Opening(since, before, answers)


async def poll(
    client: Client, opened: Opening, broken: list[BrokenPage]
) -> AsyncIterator[list[Any]]:
    """All events of our types since then, in pages, in no order.

    A page that does not say what follows it is added to `broken`; the other types go on.
    """
    for parameters, answer in zip(_requests(opened.since), opened.answers, strict=True):
        try:
            async for page in _pages(client, parameters, answer):
                yield page
        except BrokenPage as error:
            broken.append(error)


def _requests(since: int) -> list[Parameters]:
    types = sorted(POINTERS)
    return [
        {"created[gte]": max(since, 0), "types": types[start : start + TYPES_A_CALL], "limit": PAGE}
        for start in range(0, len(types), TYPES_A_CALL)
    ]


async def _pages(client: Client, parameters: Parameters, answer: Any) -> AsyncIterator[list[Any]]:
    """The answer's events, then those of the pages after it."""
    while True:
        yield objects(answer, EVENTS)
        last = following(answer, EVENTS)
        if last is None:
            return
        answer = await client.get(EVENTS, {**parameters, "starting_after": last})
