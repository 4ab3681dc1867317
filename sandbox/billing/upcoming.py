"""`invoice.upcoming`: what a subscription's next invoice will be, told some days before.

Enters: a subscription. Leaves: the event alone; what was tried out to know it is taken back.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sandbox import periods
from sandbox.billing import invoicing, renewing
from sandbox.books import Books
from sandbox.shapes import Json
from sandbox.storage.store import Store

NOTICE = 7 * periods.DAY  # one of the lengths that Stripe's settings offer


def due(subscription: Json) -> int | None:
    """When it is told; not at all of what ends first, or is not collected."""
    end, ending = bills_at(subscription), subscription["cancel_at"]
    stops = ending is not None and end is not None and ending <= end
    if end is None or stops or subscription["pause_collection"]:
        return None
    return end - NOTICE


def bills_at(subscription: Json) -> int | None:
    """The end of the trial, or of the first period that ends."""
    if subscription["status"] == "trialing":
        return int(subscription["trial_end"])
    if subscription["status"] not in ("active", "past_due"):
        return None
    ends = [item["current_period_end"] for item in subscription["items"]["data"]]
    return min(ends, default=None)


def tell(books: Books, subscription: Json) -> None:
    invoice = preview(books, subscription)
    if invoice:
        books.tell("invoice.upcoming", invoice)


def preview(books: Books, subscription: Json) -> Json | None:
    """The invoice without an id, as Stripe shows one that does not exist yet."""
    end = bills_at(subscription)
    if end is None:
        return None
    with _undone(books.store):
        then = Books(books.store, end)
        act = renewing.convert if subscription["status"] == "trialing" else renewing.renew
        act(then, subscription)
        after = then.get("subscription", subscription["id"])["latest_invoice"]
        made = after != subscription["latest_invoice"] and then.find("invoice", after)
    return _without_id(made, end) if made else None


def _without_id(invoice: Json, end: int) -> Json:
    lines = [line | {"invoice": None} for line in invoice["lines"]["data"]]
    automatic = invoice["collection_method"] == "charge_automatically"
    made = invoice | {
        "billing_reason": "upcoming",
        "automatically_finalizes_at": None,
        "next_payment_attempt": end + invoicing.HOUR if automatic else None,
        "lines": invoice["lines"] | {"data": lines, "url": "/v1/invoices/upcoming/lines"},
    }
    del made["id"]
    return made


@contextmanager
def _undone(store: Store) -> Iterator[None]:
    """Whatever happens inside has not happened afterwards."""
    with store.writing() as db:
        db.execute("SAVEPOINT preview")
        try:
            yield
        finally:
            db.execute("ROLLBACK TO preview")
            db.execute("RELEASE preview")
