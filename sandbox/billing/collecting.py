"""Payment: an open invoice is charged, tried again, given up, and its subscription follows.

Enters: a finalized invoice. Leaves: it paid, or failed, and what that makes of the subscription
and the customer. Which payments fail is said by the way to pay, as with Stripe's test cards.
"""

from collections.abc import Sequence

from sandbox import periods
from sandbox.billing import ending, invoicing
from sandbox.books import Books
from sandbox.shapes import Json

DECLINED = "0341"  # the last digits of Stripe's test card that attaches and then declines
SETTING = "dunning"
# After how many days a failed payment is tried again, and what follows the last: "cancel",
# "unpaid" or "past_due".
DUNNING = {"retry_days": [3, 5, 7], "then": "cancel"}


def process(books: Books, draft: Json) -> Json:
    """Finalize, and collect as the subscription says."""
    held = _held(books, draft)
    invoice = invoicing.finalize(books, draft)
    if held == "void":
        return invoicing.close(books, invoice, "void", ("open",))
    if held == "mark_uncollectible":
        return invoicing.close(books, invoice, "uncollectible", ("open",))
    if invoice["amount_due"] == 0:
        return settle(books, invoice)
    if invoice["collection_method"] == "send_invoice":
        return invoice
    return attempt(books, invoice)


def opened(books: Books, draft: Json) -> Json:
    """Finalized and not charged; nothing to pay is paid."""
    invoice = invoicing.finalize(books, draft)
    return settle(books, invoice) if invoice["amount_due"] == 0 else invoice


def attempt(books: Books, invoice: Json) -> Json:
    """Charge the way to pay that Stripe would choose; failed, it is tried again, or given up."""
    if works(way_to_pay(books, invoice)):
        return settle(books, invoice)
    return _follow(books, _failed(books, invoice))


def by_hand(books: Books, invoice: Json, method: Json | None) -> Json:
    """An attempt out of turn; the schedule stays as it is."""
    if works(method or way_to_pay(books, invoice)):
        return settle(books, invoice)
    return _failed(books, invoice)


def works(method: Json | None) -> bool:
    if method is None:
        return False
    detail = method.get("card") or method
    return bool(detail.get("last4") != DECLINED)


def gave_up(books: Books, invoice: Json, status: str, allowed: Sequence[str]) -> Json:
    """Voided or marked uncollectible: nobody owes it any more."""
    closed = invoicing.close(books, invoice, status, allowed)
    _delinquent(books, closed["customer"])
    return closed


def way_to_pay(books: Books, invoice: Json) -> Json | None:
    """The invoice's own, the subscription's, the customer's."""
    subscription = books.find("subscription", subscription_of(invoice)) or {}
    customer = books.find("customer", invoice["customer"]) or {}
    settings = customer.get("invoice_settings") or {}
    named = (
        ("payment_method", invoice["default_payment_method"]),
        ("payment_method", subscription.get("default_payment_method")),
        ("card", subscription.get("default_source")),
        ("payment_method", settings.get("default_payment_method")),
        ("card", customer.get("default_source")),
    )
    found = (books.find(kind, identity) for kind, identity in named)
    return next((one for one in found if one), None)


def subscription_of(invoice: Json) -> str | None:
    details = (invoice["parent"] or {}).get("subscription_details") or {}
    found: str | None = details.get("subscription")
    return found


def settle(books: Books, invoice: Json, *, charged: bool = True) -> Json:
    """The invoice is paid; a subscription that waited for that is active."""
    due = invoice["amount_due"]
    tried = {"attempt_count": invoice["attempt_count"] + 1} if due and charged else {}
    paid = books.update(
        invoice,
        status="paid",
        amount_paid=due,
        amount_remaining=0,
        attempted=True,
        next_payment_attempt=None,
        auto_advance=False,
        status_transitions=invoice["status_transitions"] | {"paid_at": books.now},
        **tried,
    )
    subscription = books.find("subscription", subscription_of(paid))
    waits = subscription and subscription["status"] in ("incomplete", "past_due", "unpaid")
    if subscription and waits and subscription["latest_invoice"] in (paid["id"], None):
        books.update(subscription, status="active")
    _delinquent(books, paid["customer"])
    return paid


def _failed(books: Books, invoice: Json) -> Json:
    failed = books.update(invoice, attempt_count=invoice["attempt_count"] + 1, attempted=True)
    books.tell("invoice.payment_failed", failed)
    _delinquent(books, invoice["customer"])
    return failed


def _follow(books: Books, failed: Json) -> Json:
    """When it is tried again, and what the failure makes of the subscription."""
    first = failed["billing_reason"] == "subscription_create"
    dunning = books.setting(SETTING, DUNNING)
    days, tried = dunning["retry_days"], failed["attempt_count"] - 1
    again = tried < len(days) and not first and failed["auto_advance"]
    if again:
        failed = books.update(failed, next_payment_attempt=books.now + days[tried] * periods.DAY)
    elif failed["next_payment_attempt"] is not None:
        failed = books.update(failed, next_payment_attempt=None)
    subscription = books.find("subscription", subscription_of(failed))
    if subscription and subscription["status"] == "active" and not first:
        subscription = books.update(subscription, status="past_due")
    if subscription and not again and subscription["status"] == "past_due":
        _give_up(books, subscription, dunning["then"])
    return failed


def _give_up(books: Books, subscription: Json, then: str) -> None:
    """What follows the last attempt."""
    if then == "cancel":
        ending.end(books, subscription, "payment_failed")
    elif then == "unpaid":
        books.update(subscription, status="unpaid")


def _delinquent(books: Books, customer: str) -> None:
    """Whether a charge of a customer has failed and is still owed."""
    owner = books.find("customer", customer)
    if owner is None:
        return
    failed = "json_extract(json, '$.attempt_count') > 0"
    owed = any(books.where("invoice", f"customer = ? AND status = 'open' AND {failed}", customer))
    if owner["delinquent"] != owed:
        books.update(owner, delinquent=owed)


def _held(books: Books, invoice: Json) -> str | None:
    subscription = books.find("subscription", subscription_of(invoice))
    pause = (subscription or {}).get("pause_collection")
    return pause["behavior"] if pause else None
