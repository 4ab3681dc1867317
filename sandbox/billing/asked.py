"""What a request names, made into parts of a subscription: items, discounts, the end of a trial.

Enters: typed parameters. Leaves: complete items and discounts, or a refusal in Stripe's words.
"""

from collections.abc import Sequence

from sandbox import builders, periods
from sandbox.billing import cycles
from sandbox.books import Books
from sandbox.errors import StripeError, missing
from sandbox.http.form import missing_parameter
from sandbox.shapes import Json

MOST_ITEMS = 20


def item(books: Books, given: Json, param: str) -> Json:
    """A new item, without its place in time."""
    identity = given.get("price") or given.get("plan")
    if identity is None:
        raise missing_parameter(f"{param}[price]")
    price = sold(books, identity, f"{param}[price]")
    made = builders.item(
        id=books.new("si_"),
        price=price,
        quantity=given.get("quantity", 1),
        metadata=given.get("metadata") or {},
    )
    return made | {"created": books.now}


def sold(books: Books, identity: str, param: str) -> Json:
    """A price that can be subscribed to."""
    price = books.named("price", identity, param)
    if not price["recurring"]:
        raise StripeError(
            f"The price specified is set to `type=one_time` but this field only accepts prices"
            f" with `type=recurring`: {identity}",
            param=param,
        )
    if not price["active"]:
        raise StripeError(
            f"The price specified is inactive. This field only accepts active prices: {identity}",
            param=param,
        )
    return price


def carried(books: Books, given: Sequence[Json], param: str, **by: str | None) -> list[Json | str]:
    """Discounts as their carrier is to hold them: new ones whole, old ones by id."""
    result: list[Json | str] = []
    for index, one in enumerate(given):
        name = f"{param}[{index}]"
        if "discount" in one:
            held = books.store.get("discount", one["discount"])
            if held is None:
                raise missing("discount", one["discount"], param=f"{name}[discount]", status=400)
            result.append(held["id"])
        elif "coupon" in one:
            result.append(_discount(books, one["coupon"], f"{name}[coupon]") | by)
        else:
            raise missing_parameter(f"{name}[coupon]")
    return result


def checked(items: Sequence[Json], *, flexible: bool) -> None:
    """What Stripe demands of a subscription's items together."""
    if not items:
        raise missing_parameter("items")
    if len(items) > MOST_ITEMS:
        raise StripeError(f"A subscription has at most {MOST_ITEMS} items.", param="items")
    if len({one["price"]["currency"] for one in items}) > 1:
        raise StripeError("All prices on a subscription must use the same currency.", param="items")
    ids = [one["price"]["id"] for one in items]
    if len(set(ids)) < len(ids):
        raise StripeError("A price can be on a subscription only once.", param="items")
    if not flexible and len({cycles.cycle(one["price"]) for one in items}) > 1:
        raise StripeError(
            "All prices on a subscription must have the same `recurring.interval` and"
            " `recurring.interval_count` unless its billing mode is flexible.",
            param="items",
        )


def trial_end(books: Books, given: Json) -> int | None:
    """When a trial ends that begins now; None for no trial."""
    if "trial_end" in given and "trial_period_days" in given:
        raise StripeError("You may only specify one of: trial_end, trial_period_days.")
    if given.get("trial_period_days"):
        return books.now + int(given["trial_period_days"]) * periods.DAY
    end = given.get("trial_end")
    if end is None or end == "now":
        return None
    if not books.now < end <= books.now + 730 * periods.DAY:
        raise StripeError(
            "Invalid timestamp: must be an integer Unix timestamp in the future, at most two"
            " years from now.",
            param="trial_end",
        )
    return int(end)


def _discount(books: Books, identity: str, param: str) -> Json:
    coupon = books.named("coupon", identity, param)
    used, most, until = coupon["times_redeemed"], coupon["max_redemptions"], coupon["redeem_by"]
    if (most is not None and used >= most) or (until is not None and until <= books.now):
        raise StripeError(f"Coupon {identity} is expired or used up.", code="coupon_expired")
    valid = most is None or used + 1 < most
    books.update(coupon, times_redeemed=used + 1, valid=valid)
    months = coupon["duration_in_months"] if coupon["duration"] == "repeating" else None
    end = periods.add_months(books.now, months) if months else None
    return builders.discount(coupon=identity, id=books.new("di_"), start=books.now, end=end)
