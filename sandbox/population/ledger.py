"""The invoices of a subscription: when each is made, its lines, discounts, tax, and what becomes
of it. All follows from the `Life`.

Leaves: `Bill`s, which `stages` and `invoice` turn into Stripe's objects at any moment.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from sandbox import builders, periods, pricing
from sandbox.population.life import DAY, EXPIRES, HOUR, RETRY_DAYS, Life, Part, period
from sandbox.shapes import Json

TAX_RATE, TAX_PERCENT = "txr_eu_standard", 20


@dataclass
class Bill:
    """An invoice before it is anything at Stripe."""

    at: int
    reason: str
    lines: list[Json] = field(default_factory=list)
    parts: list[Part | None] = field(default_factory=list)  # by line; None for prorations
    number: int = 0

    def add(self, line: Json, part: Part | None = None) -> None:
        self.lines.append(line)
        self.parts.append(part)


@dataclass(frozen=True)
class Offers:
    """The coupons that discounts refer to, and the customer's own discount."""

    coupons: Mapping[str, Json]
    customer: Json | None = None


def bills(life: Life, until: int, offers: Offers) -> tuple[list[Bill], dict[str, int]]:
    """Every bill up to a moment, and when each discount for one use was used up."""
    made = sorted(_renewals(life, until).values(), key=lambda bill: bill.at)
    used: dict[str, int] = {}
    for bill in made:
        _discount(life, bill, offers, used)
        if life.taxed:
            _tax(bill)
    return [bill for bill in made if bill.lines], used


def _renewals(life: Life, until: int) -> dict[int, Bill]:
    made: dict[int, Bill] = {}
    last = until if life.stop is None else min(until, life.stop - 1)
    if life.trial_end is not None:
        bill = made[life.start] = Bill(life.start, "subscription_create")
        for part in life.parts:
            bill.add(_line(part, 0, (life.start, life.trial_end)), part)
    change = life.changed_at if life.changed_at is not None else last + 1
    for part in life.parts:
        _bill_part(life, part, (life.anchor, life.anchor, min(change - 1, last)), made)
    if life.changed_at is not None and life.changed_at <= last:
        for part in life.later:
            _bill_part(life, part, (life.anchor_at(change), change, last), made)
        _prorate(life, life.changed_at, made)
    return made


def _bill_part(life: Life, part: Part, span: tuple[int, int, int], made: dict[int, Bill]) -> None:
    """Lines of one part: from its anchor, for the renewals between two moments."""
    anchor, first, last = span
    recurring = part.price["recurring"]
    interval, count = recurring["interval"], recurring["interval_count"]
    metered = recurring["usage_type"] == "metered"
    number, start, before = 0, anchor, anchor
    while start <= last:
        number += 1
        end = periods.step(anchor, interval, count * number)
        if start >= first:
            bill = made.get(start) or made.setdefault(start, Bill(start, _reason(life, start)))
            if not metered:
                bill.add(_line(part, pricing.amount(part.price, part.quantity), (start, end)), part)
            elif start > anchor:
                used = (life.pulse * (number + 7)) % 9000
                bill.add(_line(part, pricing.amount(part.price, used), (before, start), used), part)
        before, start = start, end


def _reason(life: Life, moment: int) -> str:
    if moment == life.start:
        return "subscription_create"
    return "subscription_update" if moment == life.changed_at else "subscription_cycle"


def _line(part: Part, amount: int, span: tuple[int, int], quantity: int | None = None) -> Json:
    return builders.line(
        amount=amount,
        price=part.price,
        quantity=part.quantity if quantity is None else quantity,
        period_start=span[0],
        period_end=span[1],
        subscription_item=part.id,
        description=f"{part.quantity} × {part.price['nickname'] or part.price['id']}",
    )


def _prorate(life: Life, moment: int, made: dict[int, Bill]) -> None:
    """Unused time is given back and the new price charged: at once if a new cycle starts, with
    the next renewal otherwise."""
    spans = [(part, period(part, life.anchor, moment)) for part in life.parts]
    target = made.get(moment if life.resets else spans[0][1][1])
    if target is None:
        return
    for part, (start, end) in spans:
        credit = pricing.prorated(
            pricing.amount(part.price, part.quantity), end - moment, end - start
        )
        target.add(_proration(part, -credit, (moment, end), "Unused time on"))
    if life.resets:
        return
    for part, (_, (start, end)) in zip(life.later, spans, strict=True):
        charge = pricing.amount(part.price, part.quantity)
        owed = pricing.prorated(charge, end - moment, end - start)
        target.add(_proration(part, owed, (moment, end), "Remaining time on"))


def _proration(part: Part, amount: int, span: tuple[int, int], words: str) -> Json:
    return builders.line(
        amount=amount,
        price=part.price,
        quantity=part.quantity,
        period_start=span[0],
        period_end=span[1],
        subscription_item=part.id,
        proration=True,
        discountable=False,
        description=f"{words} {part.price['nickname'] or part.price['id']}",
    )


def _discount(life: Life, bill: Bill, offers: Offers, used: dict[str, int]) -> None:
    """Item discounts first, then the subscription's, the customer's only where it has none."""
    for part in {part.id: part for part in bill.parts if part}.values():
        own = [i for i, held in enumerate(bill.parts) if held is part]
        _apply(bill, part.discounts, own, offers, used)
    carried = life.discounts or ((offers.customer,) if offers.customer else ())
    every = [index for index, held in enumerate(bill.parts) if held]
    _apply(bill, carried, every, offers, used)


def _apply(
    bill: Bill,
    discounts: Iterable[Json],
    places: Sequence[int],
    offers: Offers,
    used: dict[str, int],
) -> None:
    for discount in discounts:
        coupon = offers.coupons[discount["source"]["coupon"]]
        over = discount["end"] is not None and bill.at >= discount["end"]
        if over or bill.at < discount["start"] or discount["id"] in used:
            continue
        lines = [bill.lines[i] for i in places if _eligible(bill.lines[i], coupon)]
        left = [one["amount"] - sum(d["amount"] for d in one["discount_amounts"]) for one in lines]
        if sum(left) <= 0:
            continue
        for line, cut in zip(lines, pricing.taken(coupon, left), strict=True):
            line["discount_amounts"].append({"amount": cut, "discount": discount["id"]})
            line["discounts"].append(discount["id"])
        if coupon["duration"] == "once":
            used[discount["id"]] = bill.at


def _eligible(line: Json, coupon: Json) -> bool:
    products = coupon.get("applies_to", {}).get("products")
    return products is None or line["pricing"]["price_details"]["product"] in products


def _tax(bill: Bill) -> None:
    for line in bill.lines:
        base = line["amount"] - sum(one["amount"] for one in line["discount_amounts"])
        due = pricing.prorated(base, TAX_PERCENT, 100)
        line["taxes"] = [builders.tax(amount=due, taxable_amount=base, rate=TAX_RATE)]


def stages(life: Life, bill: Bill, now: int) -> Iterator[tuple[int, str]]:
    """What becomes of a bill: each status and when it is reached, up to now."""
    first = bill.at == life.start
    final = bill.at if first or bill.reason == "subscription_update" else bill.at + HOUR
    steps = [(bill.at, "draft")] if final > bill.at else []
    held = life.held_from is not None and bill.at >= life.held_from
    if held and life.held_how == "keep_as_draft":
        steps = [(bill.at, "draft")]
    elif held:
        steps.append((final, "void" if life.held_how == "void" else "uncollectible"))
    elif life.first_fails:
        steps += [(final, "open"), (bill.at + EXPIRES, "void")]
    elif life.fails_from is not None and bill.at > life.fails_from and life.ends_unpaid:
        steps = [(bill.at, "draft")]
    elif life.fails_from is not None and bill.at >= life.fails_from:
        steps += [(final + days * DAY, "open") for days in accumulate(RETRY_DAYS, initial=0)]
        steps = [step for step in steps if life.end is None or step[0] < life.end]
        steps += [(life.end, "uncollectible")] if life.end else []
    elif life.pays_by_invoice and _sum(bill):
        steps += [(final, "open"), (final + (5 + bill.at % 23) * DAY, "paid")]
    else:
        steps.append((final, "paid"))
    return ((moment, status) for moment, status in steps if moment <= now)


def _sum(bill: Bill) -> int:
    return sum(line["amount"] for line in bill.lines)
