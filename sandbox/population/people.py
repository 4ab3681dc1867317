"""The generated customers: names, metadata, money details, ways to pay. No subscription.

Enters: a generator of random numbers and the customer's number. Leaves: a `Person`.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random

from sandbox import builders, periods
from sandbox.population.life import DAY
from sandbox.shapes import Json

_FIRST = [
    "Ada",
    "Ben",
    "Chen",
    "Dana",
    "Elif",
    "Femi",
    "Grace",
    "Hugo",
    "Ines",
    "Jonas",
    "Kaya",
    "Liam",
    "Mina",
    "Nora",
    "Omar",
    "Pia",
]
_LAST = [
    "Adler",
    "Brandt",
    "Costa",
    "Dubois",
    "Eriksen",
    "Fischer",
    "Garcia",
    "Haruki",
    "Ito",
    "Jansen",
    "Khan",
    "Lopez",
]
_WHAT = [
    "Acorn",
    "Beacon",
    "Cedar",
    "Delta",
    "Ember",
    "Falcon",
    "Granite",
    "Harbor",
    "Iris",
    "Juniper",
    "Kite",
    "Lumen",
]
_KIND = [
    "Analytics",
    "Bakery",
    "Clinics",
    "Design",
    "Energy",
    "Foods",
    "Games",
    "Health",
    "Labs",
    "Media",
    "Robotics",
]
_FORMS = {"usd": ("Inc.", "LLC"), "eur": ("GmbH", "SAS"), "jpy": ("K.K.", "G.K.")}
_COUNTRIES = {"usd": ("US", "CA", "DE"), "eur": ("DE", "FR", "NL"), "jpy": ("JP",)}
_SEGMENTS = ("startup", "mid-market", "enterprise")


@dataclass(frozen=True)
class Person:
    """A customer's own facts, and how it pays."""

    id: str
    created: int
    currency: str
    fields: Json  # for the builder
    methods: tuple[Json, ...]
    cards: tuple[Json, ...]


def identity(seed: int, *parts: object) -> str:
    """The random-looking part of an id, the same for the same seed."""
    name = ":".join(map(str, (seed, *parts)))
    return hashlib.blake2b(name.encode(), digest_size=7).hexdigest()


def person(rng: Random, number: int, of: int, seed: int, span: tuple[int, int]) -> Person:
    """The customer with that number `of` so many; the business grows, so most came lately.

    They come in the order of their numbers: what is made together is read together.
    """
    start, now = span
    created = start + int((now - start) * ((number + rng.random()) / of) ** 0.45)
    created = max(start, created - rng.randrange(1, DAY))
    name = identity(seed, "customer", number)
    customer = f"cus_{name}"
    currency = rng.choices(("usd", "eur", "jpy"), (70, 20, 10))[0]
    methods, cards, chosen = _ways_to_pay(rng, customer, currency, (created, now))
    fields = {
        "id": customer,
        "created": created,
        "name": _company(rng, currency),
        "email": f"{rng.choice(_FIRST)}.{rng.choice(_LAST)}.{number}@example.com".lower(),
        "metadata": _with_country(_metadata(rng, number), currency, name),
        "balance": _balance(rng, currency),
        **chosen,
    }
    return Person(customer, created, currency, fields, methods, cards)


def _company(rng: Random, currency: str) -> str:
    return f"{rng.choice(_WHAT)} {rng.choice(_KIND)} {rng.choice(_FORMS[currency])}"


def _metadata(rng: Random, number: int) -> dict[str, str]:
    """Most name their account; some share one with the customer before, some name none."""
    drawn = rng.random()
    account = number - 1 if number % 25 == 0 and number else number
    result = {"account_id": f"acct-{account:06d}"}
    if drawn < 0.06:
        result = {}
    elif drawn < 0.09:
        result = {"account_id": rng.choice(("", "   "))}
    elif drawn < 0.11:
        result = {"account_id": f" acct-{account:06d} "}
    if rng.random() < 0.5:
        result["segment"] = rng.choice(_SEGMENTS)
    if rng.random() < 0.1:
        result |= {"plan-x": "yes", "plan_x": rng.choice(("a", "b"))}
    return result


def _with_country(metadata: dict[str, str], currency: str, name: str) -> dict[str, str]:
    """Of the currency's countries, by the name alone: no draw that all others follow."""
    countries = _COUNTRIES[currency]
    return metadata and {**metadata, "country": countries[int(name, 16) % len(countries)]}


def _balance(rng: Random, currency: str) -> int:
    """Credit mostly (negative), granted since the last invoice; sometimes a debt."""
    if rng.random() >= 0.08:
        return 0
    amount = rng.randrange(1, 60) * (100 if currency == "jpy" else 50)
    return amount if rng.random() < 0.2 else -amount


def _ways_to_pay(
    rng: Random, customer: str, currency: str, span: tuple[int, int]
) -> tuple[tuple[Json, ...], tuple[Json, ...], Json]:
    drawn, created = rng.random(), span[0]
    month, year = _expiry(rng, span)
    suffix = customer.removeprefix("cus_")
    if drawn < 0.08:
        one = builders.card(id=f"card_{suffix}", customer=customer, exp_month=month, exp_year=year)
        return (), (one,), {"default_source": one["id"]}
    if drawn < 0.14:
        return (), (), {}
    debit = currency == "eur" and drawn < 0.4
    method = builders.payment_method(
        id=f"pm_{suffix}",
        customer=customer,
        type="sepa_debit" if debit else "card",
        exp_month=month,
        exp_year=year,
        brand=rng.choice(("visa", "mastercard", "amex")),
        last4=f"{rng.randrange(10000):04d}",
        created=created,
    )
    chosen = {"default_payment_method": method["id"]} if drawn < 0.9 else {}
    return (method,), (), chosen


def _expiry(rng: Random, span: tuple[int, int]) -> tuple[int, int]:
    """Most cards are good for years, a few have expired."""
    base = span[1] if rng.random() > 0.05 else span[1] - 200 * DAY
    months = rng.randrange(1, 48) if base == span[1] else rng.randrange(5)
    moment = datetime.fromtimestamp(periods.add_months(base, months), UTC)
    return moment.month, moment.year
