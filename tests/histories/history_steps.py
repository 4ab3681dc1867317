"""What the steps of a history do.

Enters: a world, a step. Leaves: the world changed, and nothing else: what is true in the end is
`history_end`'s concern.
"""

import json
import socket
import time
from collections.abc import Callable

import httpx
from histories import Step
from history_world import World
from misshapen_events import misshapen_events
from stripe import WebhookSignature

from sandbox import clock
from sandbox.business import driver

UNFINISHED = b"POST /webhooks HTTP/1.1\r\nHost: receiver\r\nContent-Length: 100\r\n"
MOST_ANSWERS = 4  # a few accounts change at a time
TAKEN = ("new", "repeated", "unknown_type")


def live(world: World, step: Step) -> None:
    """Some days of business."""
    driver.live(world.store, days=1 + step.number % 3, seed=step.number)


def edit(world: World, step: Step) -> None:
    """Changes of one customer, and of one subscription, in one second."""
    moment = clock.now(world.store)
    for kind in ("customer", "subscription"):
        ids = sorted(one["id"] for one in world.store.objects(kind))
        if ids:
            chosen = ids[step.number % len(ids)]
            for turn in range(2):
                changed = {"metadata": {"account_id": f"a{step.number}", "turn": str(turn)}}
                world.store.update(kind, chosen, changed, now=moment)


def unseen(world: World, step: Step) -> None:
    """A change of which no event tells: only a comparison with Stripe finds it."""
    customers = sorted(world.store.objects("customer"), key=lambda one: str(one["id"]))
    if customers:
        chosen = customers[step.number % len(customers)]
        renamed = {**chosen, "name": f"Name {step.number}"}
        world.store.put(renamed, now=clock.now(world.store), events=False)
        world.unseen = True


def misshapen(world: World, _: Step) -> None:
    """Signed events in shapes that no rule knows."""
    with httpx.Client(trust_env=False) as client:
        for event in misshapen_events():
            body = json.dumps(event).encode()  # as deep and as large as it comes
            signed = WebhookSignature.generate_signature_header(body.decode(), world.secret)
            url = f"http://127.0.0.1:{world.port}/webhooks"
            answer = client.post(url, content=body, headers={"Stripe-Signature": signed})
            world.counts["misshapen webhooks"] += 1
            if answer.status_code == 200 and answer.json()["outcome"] in TAKEN:
                world.acknowledged.add(event["id"])


def unfinished(world: World, _: Step) -> None:
    """Deliveries whose headers never end."""
    for _ in range(20):
        opened = socket.create_connection(("127.0.0.1", world.port))
        opened.sendall(UNFINISHED)
        world.sockets.append(opened)
        world.counts["unfinished webhooks"] += 1


def receiver_killed(world: World, step: Step) -> None:
    """In the middle of what a day of business brings."""
    live(world, step)
    time.sleep(step.number / 1000)
    world.kill_receiver()


def load(world: World, _: Step) -> None:
    world.ended(world.begun("load", "build"), "loading")


def loading_killed(world: World, step: Step) -> None:
    process = world.begun("load", "build")
    edit(world, step)
    world.kill_at(process, _share(step))
    world.ended(process, "loading")


def full(world: World, _: Step) -> None:
    world.ended(world.begun("full", "build"), "loading")


def full_killed(world: World, step: Step) -> None:
    process = world.begun("full", "build")
    world.kill_at(process, _share(step))
    world.ended(process, "loading")


def deliver(world: World, _: Step) -> None:
    world.deliver(world.begin_delivery("deliver"))


def delivering_killed(world: World, step: Step) -> None:
    world.deliver(world.begin_delivery("deliver"), kill_at=_share(step))


def delivering_killed_at_an_answer(world: World, step: Step) -> None:
    """Before what the store has answered can be noted."""
    process = world.begin_delivery("deliver")
    world.accounts.when_answered(1 + step.number % MOST_ANSWERS, process.kill)
    world.deliver(process)


def sync_killed(world: World, step: Step) -> None:
    world.deliver(world.begin_delivery("sync"), kill_at=_share(step))


def at_once(world: World, step: Step) -> None:
    """A load, a delivery and the receiver, while the business goes on."""
    _at_once(world, step, None, None)


def at_once_killed(world: World, step: Step) -> None:
    _at_once(world, step, _share(step), 1 - _share(step))


def _at_once(
    world: World, step: Step, kill_delivery: float | None, kill_load: float | None
) -> None:
    delivery = world.begin_delivery("deliver")
    loading = world.begun("load", "build")
    edit(world, step)
    world.kill_at(delivery, kill_delivery)
    world.kill_at(loading, kill_load)
    live(world, step)
    world.ended(loading, "loading")
    world.deliver(delivery)


def _share(step: Step) -> float:
    return step.number / 300


STEPS: dict[str, Callable[[World, Step], None]] = {
    made.__name__.replace("_", " "): made
    for made in (
        *(live, edit, unseen, misshapen, unfinished, receiver_killed),
        *(load, loading_killed, full, full_killed),
        *(deliver, delivering_killed, delivering_killed_at_an_answer, sync_killed),
        *(at_once, at_once_killed),
    )
}
