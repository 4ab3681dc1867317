"""What a change in the middle of a period gives back and costs, as pending invoice items.

Enters: an item before or after a change. Leaves: invoice items that the next invoice takes along.
"""

from sandbox import builders, pricing
from sandbox.billing import discounting
from sandbox.billing.lines import quantity_of
from sandbox.books import Books
from sandbox.shapes import Json


def credit(books: Books, subscription: Json, item: Json, since: int | None = None) -> None:
    """Give back an item's unused time."""
    moment = books.now if since is None else since
    part = _part(books, subscription, item, moment)
    _pending(books, subscription, item, amount=-part, since=moment)


def debit(books: Books, subscription: Json, item: Json) -> None:
    """Charge an item for what is left of its period."""
    owed = _part(books, subscription, item, books.now)
    _pending(books, subscription, item, amount=owed, since=books.now)


def clear(books: Books, subscription: Json) -> None:
    """Prorations that are billed no more."""
    waiting = books.where(
        "invoiceitem", "customer = ? AND invoice IS NULL", subscription["customer"]
    )
    for one in waiting:
        held = (one["parent"] or {}).get("subscription_details") or {}
        if one["proration"] and held.get("subscription") == subscription["id"]:
            books.delete(one)


def _part(books: Books, subscription: Json, item: Json, moment: int) -> int:
    """Net of discounts: Stripe's `proration_discounts` is `included` unless said otherwise."""
    price = books.get("price", item["price"]["id"])
    if price["recurring"]["usage_type"] == "metered":
        return 0
    start, end = item["current_period_start"], item["current_period_end"]
    left = max(0, end - moment)
    return pricing.prorated(discounting.net_amount(books, subscription, item), left, end - start)


def _pending(books: Books, subscription: Json, item: Json, *, amount: int, since: int) -> None:
    price = books.get("price", item["price"]["id"])
    if price["recurring"]["usage_type"] == "metered" or since >= item["current_period_end"]:
        return
    words = "Unused time on" if amount < 0 else "Remaining time on"
    books.put(
        builders.invoice_item(
            id=books.new("ii_"),
            customer=subscription["customer"],
            amount=amount,
            currency=subscription["currency"],
            date=books.now,
            period=(since, item["current_period_end"]),
            price=price,
            quantity=quantity_of(item),
            subscription=subscription["id"],
            subscription_item=item["id"],
            proration=True,
            discountable=False,
            description=f"{words} {price['nickname'] or price['id']}",
        )
    )
