"""What time does to a living subscription: a trial converts, a period is followed by the next.

Enters: a subscription that is due. Leaves: it in its next period, with a draft that waits an hour.
"""

from collections.abc import Sequence

from sandbox.billing import cycles, ending, invoicing
from sandbox.billing.collecting import way_to_pay
from sandbox.billing.lines import Charge
from sandbox.books import Books
from sandbox.shapes import Json


def convert(books: Books, subscription: Json) -> None:
    """The trial is over: the first paid period begins, unless nobody can pay for it."""
    behavior = subscription["trial_settings"]["end_behavior"]["missing_payment_method"]
    if behavior != "create_invoice" and not _can_pay(books, subscription):
        if behavior == "cancel":
            ending.end(books, subscription)
        else:
            books.update(
                subscription,
                status="paused",
                status_details=paused(books, "trial_end_without_payment_method"),
            )
        return
    items = [
        cycles.moved(one, cycles.around(books.now, one["price"]["recurring"], books.now))
        for one in subscription["items"]["data"]
    ]
    changed = subscription | {
        "status": "active",
        "trial_end": books.now,
        "billing_cycle_anchor": books.now,
    }
    _bill(books, changed, items, [_charge(one) for one in items if not _metered(one)])


def renew(books: Books, subscription: Json) -> None:
    """Items whose period is over begin the next one; the others go on."""
    items, charges = [], []
    for one in subscription["items"]["data"]:
        if one["current_period_end"] > books.now:
            items.append(one)
            continue
        moved = cycles.moved(one, cycles.following(subscription["billing_cycle_anchor"], one))
        items.append(moved)
        charges.append(_charge(one if _metered(one) else moved))
    _bill(books, subscription, items, charges)


def paused(books: Books, why: str) -> Json:
    """`status_details` of a subscription that is paused from now on."""
    details = {"subscription": {"type": why}, "transitioned_at": books.now, "type": "subscription"}
    return {"paused": details}


def _bill(
    books: Books, subscription: Json, items: Sequence[Json], charges: Sequence[Charge]
) -> None:
    changed = subscription | {"items": subscription["items"] | {"data": list(items)}}
    draft = invoicing.of_subscription(books, changed, charges, "subscription_cycle")
    latest = {"latest_invoice": draft["id"]} if draft else {}
    books.put(changed | invoicing.kept(books, changed, draft) | latest)


def _can_pay(books: Books, subscription: Json) -> bool:
    asking = {
        "parent": {"subscription_details": {"subscription": subscription["id"]}},
        "customer": subscription["customer"],
        "default_payment_method": None,
    }
    return way_to_pay(books, asking) is not None


def _charge(item: Json) -> Charge:
    """For the period that an item is in: metered use of one that is over, all else ahead."""
    return Charge(item, item["current_period_start"], item["current_period_end"])


def _metered(item: Json) -> bool:
    return bool(item["price"]["recurring"]["usage_type"] == "metered")
