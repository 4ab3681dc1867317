"""Customers and their ways to pay: what can be written, field by field."""

from collections.abc import Mapping

from sandbox import builders
from sandbox.billing import ending
from sandbox.books import Books
from sandbox.errors import StripeError, missing
from sandbox.http import form
from sandbox.http.form import clearable, integer, listed, merged, natural, record, text
from sandbox.http.writing import Write
from sandbox.shapes import Json

_TEXTS = ("business_name", "description", "email", "individual_name", "name", "phone")
_ADDRESS = {
    name: clearable(text) for name in ("city", "country", "line1", "line2", "postal_code", "state")
}
_CUSTOMER = {
    **{name: clearable(text) for name in _TEXTS},
    "address": clearable(record(_ADDRESS)),
    "balance": integer,
    "invoice_prefix": text,
    "invoice_settings": record({
        "default_payment_method": clearable(text),
        "footer": clearable(text),
    }),
    "metadata": form.metadata,
    "next_invoice_sequence": natural,
    "preferred_locales": listed(text),
    "tax_exempt": form.choice("exempt", "none", "reverse"),
}  # fmt: skip
_CARD = {
    "number": text, "exp_month": natural, "exp_year": natural, "cvc": text, "token": text,
}  # fmt: skip
_METHOD = {
    "type": form.choice("card", "sepa_debit", "us_bank_account"),
    "card": record(_CARD),
    "sepa_debit": record({"iban": text}, "iban"),
    "metadata": form.metadata,
    "billing_details": record({name: clearable(text) for name in ("email", "name", "phone")}),
}
# Stripe's own ids for tests, and the tokens of the same cards: brand and last digits.
TEST_CARDS: Mapping[str, tuple[str, str]] = {
    "visa": ("visa", "4242"),
    "mastercard": ("mastercard", "4444"),
    "amex": ("amex", "8431"),
    "chargeCustomerFail": ("visa", "0341"),
}


def _create(books: Books, _: str, values: Json) -> Json:
    method = values.pop("payment_method", None)
    made = builders.customer(id=books.new("cus_"), created=books.now)
    made = books.put(_filled(books, made, values))
    if method:
        attached = _attach(books, method, {"customer": made["id"]})
        settings = made["invoice_settings"]
        if settings["default_payment_method"] is None:
            settings = settings | {"default_payment_method": attached["id"]}
            made = books.update(made, invoice_settings=settings)
    return made


def _update(books: Books, identity: str, values: Json) -> Json:
    return books.put(_filled(books, _customer(books, identity), values))


def _filled(books: Books, customer: Json, values: Json) -> Json:
    changed = customer | values
    changed["metadata"] = merged(customer["metadata"], values.get("metadata", {}))
    if values.get("address"):
        changed["address"] = dict.fromkeys(_ADDRESS) | (customer["address"] or {})
        changed["address"] |= values["address"]
    if "invoice_settings" in values:
        settings = customer["invoice_settings"] | values["invoice_settings"]
        changed["invoice_settings"] = settings
        _check_method(books, customer, values["invoice_settings"].get("default_payment_method"))
    if values.get("default_source") and books.find("card", values["default_source"]) is None:
        raise missing("card", values["default_source"], param="default_source", status=400)
    return changed


def _check_method(books: Books, customer: Json, method: str | None) -> None:
    if method is None:
        return
    param = "invoice_settings[default_payment_method]"
    if books.named("payment_method", method, param)["customer"] != customer["id"]:
        raise StripeError(
            "The customer does not have a payment method with the ID"
            f" {method}. The payment method must be attached to the customer.",
            code="resource_missing",
            param=param,
        )


def _delete(books: Books, identity: str, _values: Json) -> Json:
    customer = _customer(books, identity)
    for one in books.where("invoiceitem", "customer = ? AND invoice IS NULL", identity):
        books.delete(one)
    for one in books.where("subscription", "customer = ?", identity):
        if one["status"] not in ending.OVER:
            ending.end(books, one)
    ending.stop_collecting(books, "customer = ?", identity)
    return books.delete(customer)


def _delete_discount(books: Books, identity: str, _values: Json) -> Json:
    customer = _customer(books, identity)
    held = customer["discount"]
    if held is None:
        raise StripeError("No active discount for customer: " + identity, status=404)
    books.update(customer, discount=None)
    return dict(held) | {"deleted": True}


def _customer(books: Books, identity: str) -> Json:
    return books.get("customer", identity)


def _create_method(books: Books, _: str, values: Json) -> Json:
    kind = values.get("type", "card")
    card = values.pop("card", {}) if kind == "card" else {}
    if kind == "card" and not {"number", "token"} & card.keys():
        raise form.missing_parameter("card")
    iban = values.pop("sepa_debit", {}).get("iban")
    brand, last4 = _test_card(card) if kind == "card" else ("visa", iban and iban[-4:])
    made = builders.payment_method(
        id=books.new("pm_1"), type=kind, brand=brand, last4=last4, created=books.now,
        exp_month=card.get("exp_month", 12), exp_year=card.get("exp_year", 2034),
        metadata=merged({}, values.get("metadata", {})),
    )  # fmt: skip
    made["billing_details"] |= values.get("billing_details", {})
    return books.put(made)


def _test_card(card: Json) -> tuple[str, str]:
    if "token" in card:
        name = card["token"].removeprefix("tok_")
        if name not in TEST_CARDS:
            raise missing("token", card["token"], param="card[token]", status=400)
        return TEST_CARDS[name]
    digits = card["number"].replace(" ", "")
    if not digits.isdigit() or not 12 <= len(digits) <= 19:
        raise StripeError(
            "Your card number is incorrect.", status=402, code="incorrect_number", param="number"
        )
    return {"3": "amex", "5": "mastercard"}.get(digits[0], "visa"), digits[-4:]


def _update_method(books: Books, identity: str, values: Json) -> Json:
    method = books.get("payment_method", identity)
    changed = dict(method)
    changed["metadata"] = merged(method["metadata"], values.get("metadata", {}))
    changed["billing_details"] = method["billing_details"] | values.get("billing_details", {})
    if "card" in values and "card" in method:
        changed["card"] = method["card"] | values["card"]
    return books.put(changed)


def _attach(books: Books, identity: str, values: Json) -> Json:
    books.named("customer", values["customer"], "customer")
    test = TEST_CARDS.get(identity.removeprefix("pm_card_"))
    if test:
        made = builders.payment_method(
            id=books.new("pm_1"), brand=test[0], last4=test[1], created=books.now, exp_year=2034
        )
        identity = books.put(made)["id"]
    method = books.get("payment_method", identity)
    if method["customer"] not in (None, values["customer"]):
        raise StripeError(
            "The payment method you provided has already been attached to a customer.",
            code="payment_method_unexpected_state",
        )
    return books.update(method, customer=values["customer"])


def _detach(books: Books, identity: str, _values: Json) -> Json:
    method = books.get("payment_method", identity)
    if method["customer"] is None:
        raise StripeError(
            "The payment method you provided is not attached to a customer so detachment is"
            " impossible."
        )
    customer = books.find("customer", method["customer"])
    settings = customer["invoice_settings"] if customer else {}
    if customer and settings["default_payment_method"] == identity:
        cleared = settings | {"default_payment_method": None}
        books.update(customer, invoice_settings=cleared)
    owned = "customer = ? AND json_extract(json, '$.default_payment_method') = ?"
    for one in books.where("subscription", owned, method["customer"], identity):
        books.update(one, default_payment_method=None)
    return books.update(method, customer=None)


WRITES = (
    Write("POST", "/v1/customers", _create, _CUSTOMER | {"payment_method": text}),
    Write("POST", "/v1/customers/{id}", _update, _CUSTOMER | {"default_source": text}),
    Write("DELETE", "/v1/customers/{id}", _delete),
    Write("DELETE", "/v1/customers/{id}/discount", _delete_discount),
    Write("POST", "/v1/payment_methods", _create_method, _METHOD),
    Write("POST", "/v1/payment_methods/{id}", _update_method, {
        "metadata": form.metadata,
        "billing_details": _METHOD["billing_details"],
        "card": record({"exp_month": natural, "exp_year": natural}),
    }),
    Write("POST", "/v1/payment_methods/{id}/attach", _attach, {"customer": text}, ("customer",)),
    Write("POST", "/v1/payment_methods/{id}/detach", _detach),
)  # fmt: skip
