"""For every column that names an object: a row that names one which nothing else tells of.

Enters: the landing tables' own declarations. Leaves: objects of the sandbox. A new column that
names something finds no place here until its stream's specimen has one, and the tests say so.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ingestion.landing import EXTRACTS
from ingestion.landing.columns import Kind
from ingestion.landing.json_paths import nodes
from ingestion.landing.references import REFERENCES, Reference, root_streams
from sandbox import builders

Json = dict[str, Any]
UNSEEN = "unseen"
PRICE = builders.price(id="price_base", product="prod_base", unit_amount=5000)
HALF = builders.coupon(id="half", percent_off=50)
BASE = (
    builders.product(id="prod_base"),
    PRICE,
    HALF,
    builders.customer(id="cus_base"),
    builders.subscription(id="sub_base", customer="cus_base", items=[builders.item(price=PRICE)]),
)


def _discount(name: str) -> Json:
    return builders.discount(coupon=HALF, id=f"di_{name}")


# A complete object of each stream, with a place for everything that it can name.
SPECIMENS: dict[str, Callable[[str], Json]] = {
    "customers": lambda name: builders.customer(id=name, discount=_discount(name)),
    "subscriptions": lambda name: builders.subscription(
        id=name,
        customer="cus_base",
        items=[builders.item(price=PRICE)],
        discounts=[_discount(name)],
    ),
    "invoices": lambda name: builders.invoice(
        id=name,
        customer="cus_base",
        subscription="sub_base",
        lines=[builders.line(amount=5000, price=PRICE)],
        total_discount_amounts=[{"amount": 1, "discount": _discount(name)}],
    ),
    "prices": lambda name: builders.price(id=name, product="prod_base", unit_amount=1),
    "coupons": lambda name: builders.coupon(id=name, percent_off=1, applies_to=["prod_base"]),
    "payment_methods": lambda name: builders.payment_method(id=name, customer="cus_base"),
}


@dataclass(frozen=True)
class Pair:
    """A column, and the stream whose objects it names, in a row that one stream brings."""

    reference: Reference
    stream: str

    @property
    def name(self) -> str:
        return f"{self.stream}-{self.reference.name}"

    @property
    def named(self) -> str:
        """The id of the object that only this row names."""
        return f"{self.name}-{UNSEEN}"

    def referrer(self) -> list[Json]:
        """The object that names it, and what brings that one where no list does."""
        found = SPECIMENS[self.stream](self.name)
        _plant(found, self)
        if self.stream != "payment_methods":
            return [found]
        return [
            found,
            builders.customer(id=f"{self.name}-holder", default_payment_method=self.name),
        ]

    def object(self) -> Json:
        """The object itself. A way to pay that is of the other kind is not shown where it is
        named, so that it has to be asked for."""
        name, stream = self.named, self.reference.stream
        if stream == "payment_methods":
            if self.reference.column.name == "default_source_id":
                return builders.payment_method(id=name, customer="cus_base")
            return builders.card(id=name, customer="cus_base")
        return OBJECTS[stream](name)


OBJECTS: dict[str, Callable[[str], Json]] = {
    **SPECIMENS,
    "products": lambda name: builders.product(id=name),
}
PAIRS = [
    Pair(reference, stream) for reference in REFERENCES for stream in root_streams(reference.table)
]


def _plant(root: Json, pair: Pair) -> None:
    """Let the column's first path lead to the id in the first element that is there."""
    start, *names, last = pair.reference.column.paths[0].split(".")
    assert start == "object", pair.name
    holder = next(_elements(root, pair), None)
    assert holder is not None, f"the specimen of {pair.stream} has no {pair.reference.table}"
    for name in names:
        if not isinstance(holder.get(name), dict):
            holder[name] = {}
        holder = holder[name]
    if pair.reference.column.kind is Kind.JSON:
        holder[last] = [pair.named]
    elif isinstance(holder.get(last), dict):
        holder[last] = holder[last] | {"id": pair.named}
    else:
        holder[last] = pair.named


def _elements(root: Json, pair: Pair) -> Iterator[Json]:
    for extract in EXTRACTS[pair.stream]:
        if extract.table == pair.reference.table:
            yield from (
                node.object for node in nodes(root, extract.path) if isinstance(node.object, dict)
            )
