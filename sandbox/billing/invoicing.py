"""Invoices: drafted from charges and pending items, finalized, voided, given up.

Enters: charges, or a draft. Leaves: invoices whose amounts agree with their lines. Whether they
are paid is `collecting`'s concern.
"""

from collections.abc import Sequence
from typing import Any

from sandbox import builders, periods
from sandbox.billing import discounting
from sandbox.billing import lines as billed
from sandbox.billing.lines import Charge
from sandbox.books import Books
from sandbox.errors import StripeError
from sandbox.shapes import Json

HOUR = 3600
_SUMS = (
    *("lines", "discounts", "subtotal", "subtotal_excluding_tax", "total", "total_excluding_tax"),
    *("total_discount_amounts", "total_pretax_credit_amounts", "total_taxes"),
    *("amount_due", "amount_remaining"),
)


def of_subscription(
    books: Books, subscription: Json, charges: Sequence[Charge], reason: str
) -> Json | None:
    """A draft of charges and of what is pending; none if there is nothing to bill."""
    made = [billed.charged(books, charge) for charge in charges]
    pending = list(_pending(books, subscription))
    made += [billed.of_invoice_item(one) for one in pending]
    if not made:
        return None
    for line in made:
        line["currency"] = subscription["currency"]
    used = discounting.apply(books, subscription, made)
    customer = books.get("customer", subscription["customer"])
    if customer["discount"] and _over(books, customer["discount"]["id"], used):
        books.update(customer, discount=None)
    if subscription["automatic_tax"]["enabled"]:
        billed.tax(made)
    start = min((one["period"]["start"] for one in made), default=books.now)
    draft = _draft(
        books,
        subscription["customer"],
        currency=subscription["currency"],
        subscription=subscription["id"],
        lines=made,
        period_start=min(start, books.now),
        billing_reason=reason,
        **_paid_how(books, subscription),
    )
    draft["automatic_tax"] |= _taxed(subscription)
    draft = books.put(draft | _automatic(books, subscription, reason))
    for one in pending:
        books.update(one, invoice=draft["id"])
    return draft


def one_off(books: Books, customer: str, currency: str, **fields: Any) -> Json:
    """An empty draft of no subscription."""
    return books.put(_draft(books, customer, currency=currency, lines=[], **fields))


def recomputed(books: Books, draft: Json, discounts: Sequence[str] = ()) -> Json:
    """A one-off draft after an invoice item came or went, or its discounts changed."""
    pending = books.where("invoiceitem", "invoice = ?", draft["id"])
    made = [billed.of_invoice_item(one) for one in pending]
    billed.discount(books, made, discounts)
    again = builders.invoice(
        id=draft["id"], customer=draft["customer"], status="draft", lines=made,
        currency=draft["currency"], created=draft["created"], discounts=discounts,
    )  # fmt: skip
    return books.update(draft, **{name: again[name] for name in _SUMS})


def finalize(books: Books, draft: Json) -> Json:
    """A draft becomes open: numbered, the customer's balance taken into account."""
    if draft["status"] != "draft":
        raise StripeError(
            "This invoice is already finalized, you can't re-finalize a non-draft invoice.",
            code="invoice_not_editable",
        )
    customer = books.get("customer", draft["customer"])
    number, balance = customer["next_invoice_sequence"], customer["balance"]
    due = max(0, draft["total"] + balance)
    left = min(0, draft["total"] + balance)
    address = f"https://invoice.example.com/i/{draft['id']}"
    result = books.update(
        draft,
        status="open",
        number=f"{customer['invoice_prefix']}-{number:04d}",
        starting_balance=balance,
        ending_balance=left,
        amount_due=due,
        amount_remaining=due,
        effective_at=books.now,
        automatically_finalizes_at=None,
        due_date=draft["due_date"] or _due_date(books, draft),
        hosted_invoice_url=address,
        invoice_pdf=f"{address}/pdf",
        status_transitions=draft["status_transitions"] | {"finalized_at": books.now},
    )
    books.update(customer, next_invoice_sequence=number + 1, balance=left)
    return result


def close(books: Books, invoice: Json, status: str, allowed: Sequence[str]) -> Json:
    """Void an invoice or give it up; nothing is collected any more."""
    if invoice["status"] not in allowed:
        raise StripeError(
            f"You can only pass in {' or '.join(allowed)} invoices. This invoice is"
            f" {invoice['status']}.",
            code="invoice_not_editable",
        )
    name = {"void": "voided_at", "uncollectible": "marked_uncollectible_at"}[status]
    times = invoice["status_transitions"] | {name: books.now}
    nothing = {"amount_remaining": 0} if status == "void" else {}
    return books.update(
        invoice, status=status, status_transitions=times, auto_advance=False,
        next_payment_attempt=None, **nothing,
    )  # fmt: skip


def _pending(books: Books, subscription: Json) -> list[Json]:
    """Invoice items that wait for the next invoice of this subscription, or for any."""
    waiting = books.where(
        "invoiceitem", "customer = ? AND invoice IS NULL", subscription["customer"]
    )
    of = [(one, (one["parent"] or {}).get("subscription_details") or {}) for one in waiting]
    return [
        one
        for one, held in of
        if held.get("subscription") in (None, subscription["id"])
        and one["currency"] == subscription["currency"]
    ]


def kept(books: Books, subscription: Json, invoice: Json | None) -> Json:
    """The discounts of a subscription and of its items after an invoice."""
    named = {one["discount"] for one in invoice["total_discount_amounts"]} if invoice else set()
    once = [one for one in named if _once(books, one)]
    items = subscription["items"]["data"]
    return {
        "discounts": [one for one in subscription["discounts"] if not _over(books, one, once)],
        "items": subscription["items"]
        | {
            "data": [
                item | {"discounts": [d for d in item["discounts"] if not _over(books, d, once)]}
                for item in items
            ]
        },
    }


def _once(books: Books, discount: str) -> bool:
    held = books.get("discount", discount)
    return bool(books.last("coupon", held["source"]["coupon"])["duration"] == "once")


def _over(books: Books, discount: str, used: Sequence[str]) -> bool:
    end = books.get("discount", discount)["end"]
    return discount in used or (end is not None and end <= books.now)


def _draft(books: Books, customer: str, **fields: Any) -> Json:
    owner = books.get("customer", customer)
    return builders.invoice(
        id=books.new("in_"),
        customer=customer,
        status="draft",
        created=books.now,
        customer_email=owner["email"],
        customer_name=owner["name"],
        customer_phone=owner["phone"],
        customer_address=owner["address"],
        **fields,
    ) | {"auto_advance": False}


def _paid_how(books: Books, subscription: Json) -> Json:
    return {
        "collection_method": subscription["collection_method"],
        "description": None,
        "due_date": periods.DAY * subscription["days_until_due"] + books.now
        if subscription["collection_method"] == "send_invoice"
        else None,
    }


def _automatic(books: Books, subscription: Json, reason: str) -> Json:
    """Drafts of renewals wait an hour; of those whose collection is held, for ever."""
    held = (subscription["pause_collection"] or {}).get("behavior") == "keep_as_draft"
    if held or subscription["status"] == "unpaid":
        return {"auto_advance": False}
    waits = reason == "subscription_cycle"
    return {
        "auto_advance": True,
        "automatically_finalizes_at": books.now + HOUR if waits else None,
    }


def _due_date(books: Books, draft: Json) -> int | None:
    return books.now + 30 * periods.DAY if draft["collection_method"] == "send_invoice" else None


def _taxed(subscription: Json) -> Json:
    if not subscription["automatic_tax"]["enabled"]:
        return {}
    liability = {"account": None, "type": "self"}
    return {"enabled": True, "liability": liability, "provider": "stripe", "status": "complete"}
