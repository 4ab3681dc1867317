"""The end of a subscription, however it comes.

Enters: a subscription and why. Leaves: it canceled, and nothing of it collected any more.
"""

from sandbox.books import Books
from sandbox.shapes import Json

OVER = ("canceled", "incomplete_expired")


def end(books: Books, subscription: Json, reason: str | None = None, **fields: object) -> Json:
    """Cancel now; `canceled_at` stays when it was asked for."""
    details = subscription["cancellation_details"]
    ended = books.update(
        subscription,
        status="canceled",
        status_details=None,
        ended_at=books.now,
        canceled_at=subscription["canceled_at"] or books.now,
        cancellation_details=details | {"reason": details["reason"] or reason},
        **fields,
    )
    stop_collecting(books, "subscription = ?", ended["id"])
    return ended


def stop_collecting(books: Books, condition: str, *values: str) -> None:
    """Open invoices and drafts stay, and wait to be paid by hand."""
    for invoice in books.where("invoice", f"{condition} AND status IN ('open', 'draft')", *values):
        books.update(
            invoice, auto_advance=False, next_payment_attempt=None, automatically_finalizes_at=None
        )
