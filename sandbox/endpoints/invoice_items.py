"""Invoice items: what can be written, field by field, and the drafts that hold them."""

from sandbox import builders, pricing
from sandbox.billing import invoicing
from sandbox.books import Books
from sandbox.errors import StripeError
from sandbox.http import form
from sandbox.http.form import boolean, integer, merged, natural, record, text
from sandbox.http.writing import Write
from sandbox.shapes import Json

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


def own_draft(invoice: Json) -> Json:
    """A draft of no subscription: its lines are its invoice items."""
    if invoice["status"] != "draft" or invoice["parent"]:
        raise StripeError(
            "You can only do that with a draft that is no subscription's.",
            code="invoice_not_editable",
        )
    return invoice


def _create(books: Books, _: str, values: Json) -> Json:
    draft = (
        own_draft(books.named("invoice", values["invoice"], "invoice"))
        if "invoice" in values
        else None
    )
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


def _delete(books: Books, identity: str, _values: Json) -> Json:
    item = books.get("invoiceitem", identity)
    draft = own_draft(books.get("invoice", item["invoice"])) if item["invoice"] else None
    gone = books.delete(item)
    if draft:
        invoicing.recomputed(books, draft, draft["discounts"])
    return gone


WRITES = (
    Write("POST", "/v1/invoiceitems", _create, _ITEM),
    Write("DELETE", "/v1/invoiceitems/{id}", _delete),
)
