"""Random histories: a business changes while its changes are loaded, delivered, lost and killed.

Enters: what draws like `random.Random`. Leaves: nothing where the warehouse ends as the sandbox's
truth and as a fresh full import; else the differences. The sandbox and the receiver are served over
HTTP; each load is a process of its own, forked from one that has imported everything, and killed
with SIGKILL at its n-th audited operation (files, sockets, databases, modules).
"""

import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import orjson
from landed import differences, untrue
from load_process import REFUSED, begun, ended, loaded
from local_stripe import NOW, LocalStripe
from receiver_thread import SECRET, receiving_in_thread
from stripe import WebhookSignature

from sandbox import clock
from sandbox.business import driver
from sandbox.misbehaviour import feed
from sandbox.misbehaviour.faults import Fault, Faults, LateEvents
from sandbox.population import Population
from sandbox.server import populate, serving
from sandbox.storage.store import Store

TEMPLATES = 6  # populations to begin with, each loaded once
CUSTOMERS = 8
MOST_OPERATIONS = 300  # about as many as a load of changes has; a full one has twice that
FAULTS = tuple(
    Fault(kind, probability=0.01, seconds=0)
    for kind in ("rate_limit", "lock_timeout", "server_error", "unavailable", "reset", "truncated")
)
VANISHING = (
    Fault("delete_next", path="/v1/customers", numbers=(2,)),
    Fault("delete_last", path="/v1/coupons", numbers=(2,)),
)


@dataclass(frozen=True)
class Step:
    """One thing that happens: its name among `STEPS`, and a number that it may use."""

    name: str
    number: int


@dataclass(frozen=True)
class History:
    """Where it begins, which faults the sandbox has, what happens."""

    template: int
    seed: int
    late: float
    vanishing: bool
    steps: tuple[Step, ...]


class Failed(Exception):
    """What a history ended in, and should not have."""


@dataclass
class World:
    """A sandbox, badly and well behaved, the files of its changes, a receiver for them."""

    store: Store
    faulty: LocalStripe
    sound: LocalStripe
    receiver: str
    dice: random.Random
    ends: Counter[str]
    delivered: frozenset[str] = frozenset()  # or dropped on the way

    def events(self) -> list[Any]:
        """All events that the sandbox still has."""
        return list(self.store.objects("event"))

    def ended(self, code: int) -> None:
        """A load with faults may fail in a foreseen way, or be killed, and in no other."""
        if code not in ENDS:
            raise Failed(f"a load ended with {code}")
        self.ends[ENDS[code]] += 1

    def deliver(self, event: Any) -> None:
        body = orjson.dumps(event)
        signature = WebhookSignature.generate_signature_header(body.decode(), SECRET)
        headers = {"Stripe-Signature": signature}
        answer = httpx.post(self.receiver, content=body, headers=headers, trust_env=False)
        if answer.status_code != 200 or answer.json()["outcome"] not in ACCEPTED:
            raise Failed(f"a delivery was answered {answer.status_code} {answer.text}")


ENDS = {0: "loads done", REFUSED: "loads refused", -9: "loads killed"}
ACCEPTED = ("new", "repeated", "unknown_type")


def _live(world: World, step: Step) -> None:
    """Some days of business."""
    driver.live(world.store, days=1 + step.number % 3, seed=step.number)


def _edit(world: World, step: Step) -> None:
    """Changes of one customer, and of one subscription, in one second."""
    moment = clock.now(world.store)
    for kind in ("customer", "subscription"):
        ids = sorted(one["id"] for one in world.store.objects(kind))
        if ids:
            chosen = ids[step.number % len(ids)]
            for turn in range(2):
                changed = {"metadata": {"account_id": f"a{step.number}", "turn": str(turn)}}
                world.store.update(kind, chosen, changed, now=moment)


def _deliver(world: World, _: Step) -> None:
    """Events since the last time: some dropped, some twice, old ones again, in any order."""
    events = world.events()
    fresh = [event for event in events if event["id"] not in world.delivered]
    fresh = [event for event in fresh if world.dice.random() > 0.3]
    world.delivered = frozenset(event["id"] for event in events)
    sent = fresh + world.dice.choices(events, k=3) if events else []
    world.dice.shuffle(sent)
    for event in sent:
        world.deliver(event)


def _load(world: World, _: Step) -> None:
    world.ended(loaded(world.faulty))


def _killed(world: World, step: Step) -> None:
    world.ended(loaded(world.faulty, kill_at=step.number))


def _full(world: World, _: Step) -> None:
    world.ended(loaded(world.faulty, full=True))


def _killed_full(world: World, step: Step) -> None:
    world.ended(loaded(world.faulty, full=True, kill_at=2 * step.number))


def _meanwhile(world: World, step: Step) -> None:
    """Changes and deliveries while a load is under way, which may be a full one."""
    process = begun(world.faulty, full=step.number % 4 == 0)
    _edit(world, step)
    _deliver(world, step)
    _edit(world, replace(step, number=step.number + 1))
    world.ended(ended(process))


STEPS: dict[str, Callable[[World, Step], None]] = {
    "live": _live,
    "edit": _edit,
    "deliver": _deliver,
    "load": _load,
    "killed": _killed,
    "full": _full,
    "killed full": _killed_full,
    "meanwhile": _meanwhile,
}
LIKELY = (
    *("live",) * 5,
    *("edit",) * 2,
    *("deliver",) * 3,
    "load",
    *("killed",) * 3,
    "full",
    "killed full",
    *("meanwhile",) * 2,
)


def drawn(dice: random.Random) -> History:
    """A history."""
    steps = [
        Step(dice.choice(LIKELY), dice.randint(1, MOST_OPERATIONS))
        for _ in range(dice.randint(3, 6))
    ]
    return History(
        template=dice.randint(0, TEMPLATES - 1),
        seed=dice.randint(0, 1 << 30),
        late=dice.choice((0.0, 0.3)),
        vanishing=dice.randint(0, 4) == 0,
        steps=tuple(steps),
    )


class Laboratory:
    """`with Laboratory() as laboratory: laboratory.run(history)`; keeps the loaded populations."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="histories-")
        self.ends: Counter[str] = Counter()

    def __enter__(self) -> "Laboratory":
        return self

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()

    def run(self, history: History) -> None:
        """Raises Failed, with the differences by table."""
        with tempfile.TemporaryDirectory(dir=self._folder.name) as name:
            folder = Path(name)
            shutil.copytree(self._template(history.template), folder, dirs_exist_ok=True)
            with _world(history, folder, self.ends) as world:
                for step in history.steps:
                    STEPS[step.name](world, step)
                _settle(world)
                _compare(world)

    def _template(self, number: int) -> Path:
        """The files of a population that is loaded, made once."""
        folder = Path(self._folder.name) / f"template-{number}"
        if not folder.exists():
            folder.mkdir()
            with Store(folder / "sandbox.db") as store:
                populate(store, Population(CUSTOMERS, number, NOW))
                with serving(store) as url:
                    _finished(LocalStripe(store, url, folder))
        return folder


@contextmanager
def _world(history: History, folder: Path, ends: Counter[str]) -> Iterator[World]:
    late = LateEvents(probability=history.late, seconds=300) if history.late else None
    plan = FAULTS + (VANISHING if history.vanishing else ())
    faults = Faults(seed=history.seed, plan=plan, late_events=late)
    with ExitStack() as stack:
        store = stack.enter_context(Store(folder / "sandbox.db"))
        faulty, sound = (
            LocalStripe(store, stack.enter_context(serving(store, faults=kind)), folder)
            for kind in (faults, replace(faults, plan=()))
        )
        receiver = stack.enter_context(receiving_in_thread(folder / "events.db"))
        world = World(store, faulty, sound, receiver, random.Random(history.seed), ends)
        world.delivered = frozenset(event["id"] for event in world.events())
        yield world


def _settle(world: World) -> None:
    """Late events show up, and everything is loaded without faults."""
    feed.release(world.store)
    _finished(world.sound)


def _finished(stripe: LocalStripe) -> None:
    if code := loaded(stripe):
        raise Failed(f"a load without faults ended with {code}")


def _compare(world: World) -> None:
    anew = replace(world.sound, folder=world.sound.folder / "anew")
    anew.folder.mkdir()
    _finished(anew)
    warehouse = world.sound.paths.warehouse
    found = {
        "not as in a fresh import": differences(warehouse, anew.paths.warehouse),
        "not as in the sandbox": untrue(warehouse, world.store.truth()),
    }
    wrong = {
        f"{what}: {table}": rows for what, by in found.items() for table, rows in by.items() if rows
    }
    if wrong:
        raise Failed("\n".join(f"{name}: {rows[:4]}" for name, rows in wrong.items()))
