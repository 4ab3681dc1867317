"""Invoices and invoice items: what can be written, field by field."""

from sandbox import builders, form, periods, pricing
from sandbox.billing import asked, collecting, invoicing
from sandbox.books import Books
from sandbox.errors import StripeError, missing
from sandbox.form import boolean, choice, clearable, integer, listed, merged, natural, record, text
from sandbox.refusals import Declined
from sandbox.shapes import Json
from sandbox.writing import Write

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
_ITEM = {
    "amount": integer,
    "currency": text,
    "customer": text,
    "description": text,
    "discountable": boolean,
    "invoice": text,
    "metadata": form.metadata,
    "period": record({"end": natural, "start": natural}, "end", "start"),
    "pricing": record({"price": text}),
    "quantity": natural,
    "subscription": text,
    "unit_amount_decimal": form.decimal,
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
    return changed if coupons is None else _recomputed(books, _own(changed), coupons)


def _own(invoice: Json) -> Json:
    """A draft of no subscription: its lines are its invoice items."""
    if invoice["status"] != "draft" or invoice["parent"]:
        raise StripeError(
            "You can only do that with a draft that is no subscription's.",
            code="invoice_not_editable",
        )
    return invoice


def _delete(books: Books, identity: str, _values: Json) -> Json:
    draft = _own(books.get("invoice", identity))
    for one in list(books.where("invoiceitem", "invoice = ?", identity)):
        books.delete(one)
    return books.delete(draft)


def _finalize(books: Books, identity: str, values: Json) -> Json:
    """Nothing to pay is paid at once; else it is open, and charged if it advances by itself."""
    draft = books.get("invoice", identity)
    if "auto_advance" in values and draft["status"] == "draft":
        draft = books.update(draft, auto_advance=values["auto_advance"])
    opened = invoicing.finalize(books, draft)
    return collecting.settle(books, opened) if opened["amount_due"] == 0 else opened


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


def _create_item(books: Books, _: str, values: Json) -> Json:
    draft = _own(books.named("invoice", values["invoice"], "invoice")) if _of(values) else None
    owner = draft["customer"] if draft else values.get("customer")
    if owner is None:
        raise form.missing_parameter("customer")
    customer = books.named("customer", owner, "customer")
    price, quantity = _price(books, values), values.get("quantity", 1)
    if price is None and "amount" not in values and "unit_amount_decimal" not in values:
        raise form.missing_parameter("amount")
    period = values.get("period") or {"start": books.now, "end": books.now}
    made = builders.invoice_item(
        id=books.new("ii_"),
        customer=customer["id"],
        amount=_amount(values, price, quantity),
        currency=_currency(values, price, customer, draft),
        date=books.now,
        period=(period["start"], period["end"]),
        price=price,
        quantity=quantity,
        subscription=values.get("subscription"),
        invoice=draft and draft["id"],
        description=values.get("description") or (price and price["nickname"]),
        discountable=values.get("discountable", True),
        metadata=merged({}, values.get("metadata", {})),
    )
    if values.get("subscription"):
        books.named("subscription", values["subscription"], "subscription")
    made = books.put(made)
    if draft:
        invoicing.recomputed(books, draft, draft["discounts"])
    return made


def _of(values: Json) -> bool:
    return "invoice" in values


def _price(books: Books, values: Json) -> Json | None:
    identity = values.get("pricing", {}).get("price")
    if identity is None:
        return None
    price = books.named("price", identity, "pricing[price]")
    if price["recurring"]:
        raise StripeError(
            "The price specified is set to `type=recurring` but this field only accepts prices"
            " with `type=one_time`.",
            param="pricing[price]",
        )
    return price


def _amount(values: Json, price: Json | None, quantity: int) -> int:
    if price:
        return pricing.amount(price, quantity)
    if "amount" in values:
        return int(values["amount"])
    unit = {"billing_scheme": "per_unit", "transform_quantity": None, "unit_amount": None}
    return pricing.amount(unit | {"unit_amount_decimal": values["unit_amount_decimal"]}, quantity)


def _currency(values: Json, price: Json | None, customer: Json, draft: Json | None) -> str:
    said = price["currency"] if price else values.get("currency")
    found = said or (draft or customer)["currency"] or "usd"
    if draft and found != draft["currency"]:
        raise StripeError(
            f"The currency of the invoice is {draft['currency']}, not {found}.", param="currency"
        )
    return str(found).lower()


def _delete_item(books: Books, identity: str, _values: Json) -> Json:
    item = books.get("invoiceitem", identity)
    draft = _own(books.get("invoice", item["invoice"])) if item["invoice"] else None
    gone = books.delete(item)
    if draft:
        invoicing.recomputed(books, draft, draft["discounts"])
    return gone


def _get_item(books: Books, identity: str, _values: Json) -> Json:
    found = books.find("invoiceitem", identity)
    if found is None:
        raise missing("invoiceitem", identity)
    return found


WRITES = (
    Write("POST", "/v1/invoices", _create, _NEW, ("customer",)),
    Write("POST", "/v1/invoices/{id}", _update, _INVOICE),
    Write("DELETE", "/v1/invoices/{id}", _delete),
    Write("POST", "/v1/invoices/{id}/finalize", _finalize, {"auto_advance": boolean}),
    Write("POST", "/v1/invoices/{id}/pay", _pay, _PAY),
    Write("POST", "/v1/invoices/{id}/void", _void),
    Write("POST", "/v1/invoices/{id}/mark_uncollectible", _uncollectible),
    Write("POST", "/v1/invoices/{id}/send", _send),
    Write("POST", "/v1/invoiceitems", _create_item, _ITEM),
    Write("GET", "/v1/invoiceitems/{id}", _get_item),
    Write("DELETE", "/v1/invoiceitems/{id}", _delete_item),
)
