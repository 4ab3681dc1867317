"""Invoices: what can be written, field by field."""

from sandbox import periods
from sandbox.billing import asked, collecting, invoicing
from sandbox.books import Books
from sandbox.endpoints.invoice_items import own_draft
from sandbox.errors import StripeError
from sandbox.http import form
from sandbox.http.form import boolean, choice, clearable, listed, merged, natural, record, text
from sandbox.http.refusals import Declined
from sandbox.http.writing import Write
from sandbox.shapes import Json

_INVOICE = {
    "auto_advance": boolean,
    "collection_method": choice("charge_automatically", "send_invoice"),
    "days_until_due": natural,
    "default_payment_method": text,
    "description": clearable(text),
    "discounts": listed(record({"coupon": text, "discount": text})),
    "due_date": natural,
    "footer": clearable(text),
    "metadata": form.metadata,
}
_NEW = _INVOICE | {
    "currency": text,
    "customer": text,
    "pending_invoice_items_behavior": choice("exclude", "include"),
}
_PAY = {
    "forgive": boolean,
    "off_session": boolean,
    "paid_out_of_band": boolean,
    "payment_method": text,
    "source": text,
}


def _create(books: Books, _: str, values: Json) -> Json:
    customer = books.named("customer", values.pop("customer"), "customer")
    currency = values.pop("currency", None) or customer["currency"] or "usd"
    include = values.pop("pending_invoice_items_behavior", "exclude") == "include"
    coupons = values.pop("discounts", None)
    days = _due(books, values)
    advance = values.pop("auto_advance", False)
    plain = {"metadata": merged({}, values.pop("metadata", {}))} | values | days
    draft = invoicing.one_off(books, customer["id"], currency, **plain)
    waits = books.now + invoicing.HOUR if advance else None
    draft = books.update(draft, auto_advance=advance, automatically_finalizes_at=waits)
    if include:
        _take_along(books, draft)
    return _recomputed(books, draft, coupons)


def _take_along(books: Books, draft: Json) -> None:
    for one in books.where("invoiceitem", "customer = ? AND invoice IS NULL", draft["customer"]):
        if one["parent"] is None and one["currency"] == draft["currency"]:
            books.update(one, invoice=draft["id"])


def _due(books: Books, values: Json) -> Json:
    days = values.pop("days_until_due", None)
    return {"due_date": books.now + days * periods.DAY} if days is not None else {}


def _recomputed(books: Books, draft: Json, given: list[Json] | None) -> Json:
    """Without discounts of its own it takes the customer's."""
    if given is not None:
        made = asked.carried(books, given, "discounts", invoice=draft["id"])
        draft = books.update(draft, discounts=made)
    elif not draft["discounts"]:
        owned = books.get("customer", draft["customer"])["discount"]
        draft = books.update(draft, discounts=[owned["id"]] if owned else [])
    return invoicing.recomputed(books, draft, draft["discounts"])


def _update(books: Books, identity: str, values: Json) -> Json:
    invoice = books.get("invoice", identity)
    if invoice["status"] != "draft" and not values.keys() <= {"metadata", "auto_advance"}:
        raise StripeError(
            "Finalized invoices can't be updated in this way.", code="invoice_not_editable"
        )
    coupons = values.pop("discounts", None)
    values |= _due(books, values)
    values["metadata"] = merged(invoice["metadata"], values.get("metadata", {}))
    advance = values.get("auto_advance", invoice["auto_advance"])
    if invoice["status"] == "draft" and advance != invoice["auto_advance"]:
        values["automatically_finalizes_at"] = books.now + invoicing.HOUR if advance else None
    changed = books.update(invoice, **values)
    return changed if coupons is None else _recomputed(books, own_draft(changed), coupons)


def _delete(books: Books, identity: str, _values: Json) -> Json:
    draft = own_draft(books.get("invoice", identity))
    for one in list(books.where("invoiceitem", "invoice = ?", identity)):
        books.delete(one)
    return books.delete(draft)


def _finalize(books: Books, identity: str, values: Json) -> Json:
    draft = books.get("invoice", identity)
    if "auto_advance" in values and draft["status"] == "draft":
        draft = books.update(draft, auto_advance=values["auto_advance"])
    return collecting.opened(books, draft)


def _pay(books: Books, identity: str, values: Json) -> Json | StripeError:
    invoice = books.get("invoice", identity)
    method = _method(books, values)
    if invoice["status"] == "draft":
        invoice = invoicing.finalize(books, invoice)
    if invoice["status"] == "paid":
        raise StripeError("Invoice is already paid", code="invoice_already_paid")
    if invoice["status"] == "void":
        raise StripeError("This invoice is void.", code="invoice_not_editable")
    if values.get("paid_out_of_band") or invoice["amount_due"] == 0:
        return collecting.settle(books, invoice, charged=False)
    paid = collecting.by_hand(books, invoice, method)
    return paid if paid["status"] == "paid" else Declined()


def _method(books: Books, values: Json) -> Json | None:
    if "payment_method" in values:
        return books.named("payment_method", values["payment_method"], "payment_method")
    return books.named("card", values["source"], "source") if "source" in values else None


def _void(books: Books, identity: str, _values: Json) -> Json:
    invoice = books.get("invoice", identity)
    return collecting.gave_up(books, invoice, "void", ("open", "uncollectible"))


def _uncollectible(books: Books, identity: str, _values: Json) -> Json:
    return collecting.gave_up(books, books.get("invoice", identity), "uncollectible", ("open",))


def _send(books: Books, identity: str, _values: Json) -> Json:
    invoice = books.get("invoice", identity)
    if invoice["status"] == "draft":
        invoice = invoicing.finalize(books, invoice)
    books.tell("invoice.sent", invoice)
    return invoice


WRITES = (
    Write("POST", "/v1/invoices", _create, _NEW, ("customer",)),
    Write("POST", "/v1/invoices/{id}", _update, _INVOICE),
    Write("DELETE", "/v1/invoices/{id}", _delete),
    Write("POST", "/v1/invoices/{id}/finalize", _finalize, {"auto_advance": boolean}),
    Write("POST", "/v1/invoices/{id}/pay", _pay, _PAY),
    Write("POST", "/v1/invoices/{id}/void", _void),
    Write("POST", "/v1/invoices/{id}/mark_uncollectible", _uncollectible),
    Write("POST", "/v1/invoices/{id}/send", _send),
)
