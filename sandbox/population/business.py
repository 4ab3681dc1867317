"""Customer by customer their subscriptions, invoices and events, and what is sold.

Enters: a `Population`. Leaves: objects for the store (`filling` puts them there). What a
customer decides is `choices`', what follows from it `ledger`'s and `states`' concern.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random

from sandbox import builders, changes
from sandbox.population import states
from sandbox.population.catalogue import Catalogue, catalogue
from sandbox.population.choices import Scene, discount, life
from sandbox.population.ledger import Offers, bills
from sandbox.population.life import DAY, Life
from sandbox.population.people import Person, person
from sandbox.population.states import Snapshot, Told
from sandbox.shapes import Json

YEARS = 2 * 365 * DAY
KEPT = 30 * DAY  # how long Stripe keeps events


@dataclass(frozen=True)
class Population:
    """What to generate; `now` in unix seconds."""

    customers: int
    seed: int
    now: int

    @property
    def name(self) -> str:
        return f"{self.customers} customers, seed {self.seed}, now {self.now}"

    @classmethod
    def named(cls, name: str) -> "Population":
        """The one of that name."""
        return cls(*(int(part.split()[-1]) for part in name.replace(" customers", "").split(",")))


def customers(population: Population, span: range, redeemed: Counter[str]) -> Iterator[Json]:
    """The objects and events of some customers; `redeemed` counts the coupons they use."""
    shop = catalogue(population.now - YEARS)
    for number in span:
        yield from _customer(population, shop, number, redeemed)


def wares(population: Population, redeemed: Counter[str]) -> Iterator[Json]:
    """What is sold, and how often each coupon was used."""
    shop = catalogue(population.now - YEARS)
    yield from shop.products
    for price in shop.prices.values():
        yield price
        if price["recurring"]:
            yield builders.plan(price)
    for name, coupon in shop.coupons.items():
        yield coupon | {"times_redeemed": redeemed[name]}


def _customer(
    population: Population, shop: Catalogue, number: int, redeemed: Counter[str]
) -> Iterator[Json]:
    now = population.now
    rng = Random(population.seed * 1_000_003 + number)  # noqa: S311 - a seeded business
    someone = person(rng, number, population.customers, population.seed, (now - YEARS, now))
    scene = Scene(rng, shop, someone.currency, now)
    customer = builders.customer(**someone.fields)
    lives = _lives(scene, someone, customer)
    own = discount(scene, someone.id, 0, someone.created) if rng.random() < 0.04 else None
    redeemed.update(d["source"]["coupon"] for d in _discounts(lives, own))
    told = [_told(one, now, Offers(shop.coupons, own), customer) for one in lives]
    _number(told)
    extra = list(_one_offs(scene, customer, sum(len(one.bills) for one in told)))
    customer |= _summary(told, someone, own, len(extra), now)
    history = [[(someone.created, customer)]]
    history += [[(one["created"], one)] for one in someone.methods]
    history += [[(someone.created, one)] for one in someone.cards]
    history += [[(one["created"], one)] for one in extra]
    for one in told:
        history.append(_subscription(one, now))
        history += states.invoices(one, now, now - KEPT)
    yield from _used_up(told, own, someone.id)
    for snapshots in history:
        yield snapshots[-1][1]
        yield from _events(snapshots, now)


def _lives(scene: Scene, someone: Person, customer: Json) -> list[Life]:
    """Most have one subscription, some two or three, some none."""
    count = scene.rng.choices((0, 1, 2, 3), (8, 71, 14, 7))[0]
    suffix = someone.id.removeprefix("cus_")
    method = someone.methods[0]["id"] if someone.methods else None
    lives = [life(scene, customer, f"{suffix}{index}", method) for index in range(count)]
    return [replace(one, start=max(one.start, someone.created)) for one in lives]


def _told(one: Life, now: int, offers: Offers, customer: Json) -> Told:
    made, used = bills(one, now, offers)
    return Told(one, made, used, customer)


def _number(told: Sequence[Told]) -> None:
    """Invoices are numbered through all of a customer's, in time."""
    every = sorted((bill for one in told for bill in one.bills), key=lambda bill: bill.at)
    for number, bill in enumerate(every, 1):
        bill.number = number


def _summary(told: Sequence[Told], someone: Person, own: Json | None, extra: int, now: int) -> Json:
    """What the customer shows of its subscriptions and invoices."""
    states_now = {one.life.status(now) for one in told}
    count = sum(len(one.bills) for one in told) + extra
    carried = own and own | {"customer": someone.id}
    if carried and any(carried["id"] in one.used for one in told):
        carried = None
    return {
        "currency": someone.currency if count else None,
        "delinquent": bool(states_now & {"past_due", "unpaid"}),
        "discount": carried,
        "next_invoice_sequence": count + 1,
    }


def _discounts(lives: Iterable[Life], own: Json | None) -> Iterator[Json]:
    if own:
        yield own
    for one in lives:
        yield from one.discounts
        for part in one.parts:
            yield from part.discounts


def _used_up(told: Sequence[Told], own: Json | None, customer: str) -> Iterator[Json]:
    """Discounts that are carried no more, and still named by the invoices that they cut."""
    gone = {name for one in told for name in one.used}
    carriers = [({"customer": customer}, [own] if own else [])]
    for one in told:
        by = {"customer": customer, "subscription": one.life.id}
        carriers.append((by, list(one.life.discounts)))
        carriers += [
            (by | {"subscription_item": part.id}, list(part.discounts)) for part in one.life.parts
        ]
    for by, discounts in carriers:
        yield from (held | by for held in discounts if held["id"] in gone)


def _subscription(told: Told, now: int) -> list[Snapshot]:
    """Its states of the last 30 days, the one before them, and how it is now."""
    recent = [moment for moment in states.moments(told, now) if moment >= now - KEPT]
    if not recent:
        return [(told.life.start, states.subscription(told, now))]
    result = [(moment, states.subscription(told, moment)) for moment in recent]
    if recent[0] > told.life.start:
        result.insert(0, (now - KEPT - 1, states.subscription(told, recent[0] - 1)))
    return result


def _events(snapshots: Sequence[Snapshot], now: int) -> Iterator[Json]:
    before: Json | None = None
    for number, (moment, obj) in enumerate(snapshots):
        if moment >= now - KEPT:
            yield from changes.events(before, obj, now=moment, first=number)
        before = obj


def _one_offs(scene: Scene, customer: Json, before: int) -> Iterator[Json]:
    """A few invoices without a subscription, in every status."""
    if scene.rng.random() >= 0.06:
        return
    price = scene.catalogue.prices["onboarding", scene.currency]
    statuses = ("paid", "paid", "paid", "draft", "open", "void", "uncollectible")
    status = scene.rng.choice(statuses)
    quantity = scene.rng.choice((0, 1, 1, 1, 2))
    amount = price["unit_amount"] * quantity
    suffix = customer["id"].removeprefix("cus_")
    yield builders.invoice(
        id=f"in_{suffix}{before + 1:04d}",
        customer=customer["id"],
        status="paid" if status in ("open", "uncollectible") and not amount else status,
        currency=scene.currency,
        created=scene.rng.randrange(customer["created"], scene.now),
        lines=[builders.line(amount=amount, price=price, quantity=quantity)],
        customer_email=customer["email"],
        customer_name=customer["name"],
    )
