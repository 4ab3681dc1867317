"""A change of what is bought: another price, quantity, more items or fewer.

Enters: the subscription, and the items that a request names. Leaves: it with its new items; the
old ones' unused time given back, the new ones charged for what is left, now or with the next
invoice. Another interval begins a new cycle for all items, and is billed at once.
"""

from collections.abc import Sequence

from sandbox.billing import asked, collecting, cycles, invoicing, proration
from sandbox.billing.lines import Charge
from sandbox.books import Books
from sandbox.errors import StripeError, missing
from sandbox.http.form import merged
from sandbox.http.refusals import Declined
from sandbox.shapes import Json

_BILLED = ("active", "past_due")


def switch(books: Books, subscription: Json, given: Json) -> None:
    """`subscription` is as it is to be, but for its items."""
    old = subscription["items"]["data"]
    new = _items(books, subscription, given.get("items", []))
    asked.checked(new, flexible=subscription["billing_mode"]["type"] == "flexible")
    if new[0]["price"]["currency"] != subscription["currency"]:
        raise StripeError("The currency of a subscription cannot be changed.", param="items")
    billed = subscription["status"] in _BILLED
    before = {one["id"]: one for one in old}
    reset = given.get("billing_cycle_anchor") == "now" or any(
        cycles.cycle(one["price"]) != cycles.cycle(before[one["id"]]["price"])
        for one in new
        if one["id"] in before
    )
    reset = reset and billed
    behavior = given.get("proration_behavior", "create_prorations")
    if reset:
        new = [_restarted(books, one) for one in new]
        subscription["billing_cycle_anchor"] = books.now
    _cancel_with(subscription, new)
    subscription["items"] = subscription["items"] | {"data": new}
    books.put(subscription)
    if billed and behavior != "none":
        _prorate(books, subscription, old, reset=reset)
    if reset or (billed and behavior == "always_invoice"):
        charges = [_charge(one) for one in new if _licensed(one)] if reset else []
        bill(books, subscription["id"], charges, given.get("payment_behavior"))


def bill(
    books: Books, identity: str, charges: Sequence[Charge], behavior: str | None = None
) -> None:
    """An invoice of the moment, collected at once."""
    subscription = books.get("subscription", identity)
    draft = invoicing.of_subscription(books, subscription, charges, "subscription_update")
    if draft is None:
        return
    kept = invoicing.kept(books, subscription, draft)
    books.update(subscription, latest_invoice=draft["id"], **kept)
    if draft["auto_advance"]:
        invoice = collecting.process(books, draft)
        if behavior == "error_if_incomplete" and invoice["status"] == "open":
            raise Declined()


def _prorate(books: Books, subscription: Json, old: Sequence[Json], *, reset: bool) -> None:
    before = {one["id"]: one for one in old}
    after = {one["id"]: one for one in subscription["items"]["data"]}
    for identity in {**before, **after}:
        was, now = before.get(identity), after.get(identity)
        if was and now and not reset and _same(was, now):
            continue
        if was:
            proration.credit(books, subscription, was)
        if now and not reset:
            proration.debit(books, subscription, now)


def _same(was: Json, now: Json) -> bool:
    return bool(
        was["price"]["id"] == now["price"]["id"] and was.get("quantity") == now.get("quantity")
    )


def _items(books: Books, subscription: Json, given: Sequence[Json]) -> list[Json]:
    """The items after the request, old ones in their places."""
    held = {one["id"]: one for one in subscription["items"]["data"]}
    for index, one in enumerate(given):
        param = f"items[{index}]"
        if "id" not in one:
            made = _added(books, subscription, one, param)
            held[made["id"]] = made
        elif one["id"] not in held:
            raise missing("subscription_item", one["id"], param=f"{param}[id]", status=400)
        elif one.get("deleted"):
            del held[one["id"]]
        else:
            held[one["id"]] = _changed(books, held[one["id"]], one, param)
    return list(held.values())


def _added(books: Books, subscription: Json, given: Json, param: str) -> Json:
    made = asked.item(books, given, param) | {"subscription": subscription["id"]}
    made["discounts"] = _discounts(books, made, given, param)
    if subscription["status"] == "trialing":
        return cycles.moved(made, (subscription["trial_start"], subscription["trial_end"]))
    anchor = min(subscription["billing_cycle_anchor"], books.now)
    span = cycles.around(anchor, made["price"]["recurring"], books.now)
    return cycles.moved(made, span)


def _changed(books: Books, item: Json, given: Json, param: str) -> Json:
    identity = given.get("price") or given.get("plan")
    changed = dict(item)
    if identity and identity != item["price"]["id"]:
        made = asked.item(books, {"price": identity}, param)
        changed |= {name: made[name] for name in ("price", "plan")}
        if made["price"]["recurring"]["usage_type"] == "metered":
            changed.pop("quantity", None)
        else:
            changed["quantity"] = item.get("quantity", 1)
    if "quantity" in given and _licensed(changed):
        changed["quantity"] = given["quantity"]
    if "metadata" in given:
        changed["metadata"] = merged(item["metadata"], given["metadata"])
    if "discounts" in given:
        changed["discounts"] = _discounts(books, item, given, param)
    return changed


def _discounts(books: Books, item: Json, given: Json, param: str) -> list[Json | str]:
    by = {"subscription": item["subscription"], "subscription_item": item["id"]}
    return asked.carried(books, given.get("discounts", []), f"{param}[discounts]", **by)


def _restarted(books: Books, item: Json) -> Json:
    return cycles.moved(item, cycles.around(books.now, item["price"]["recurring"], books.now))


def _cancel_with(subscription: Json, items: Sequence[Json]) -> None:
    """What ends with its period ends with the new one."""
    if subscription["cancel_at_period_end"]:
        subscription["cancel_at"] = max(one["current_period_end"] for one in items)


def _charge(item: Json) -> Charge:
    return Charge(item, item["current_period_start"], item["current_period_end"])


def _licensed(item: Json) -> bool:
    return bool(item["price"]["recurring"]["usage_type"] == "licensed")
