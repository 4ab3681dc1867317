"""Who pays and with what: customers, payment methods, legacy card sources.

Enters: the few values that matter. Leaves: a complete object in the pinned shape.
"""
# ruff: noqa: A002, PLR0913  arguments are named as Stripe names its fields, and are as many

from typing import Any

from sandbox.builders.catalogue import CREATED, carried
from sandbox.shapes import Json, blank, fill


def customer(
    *,
    id: str,
    email: str | None = None,
    name: str | None = None,
    metadata: dict[str, str] | None = None,
    balance: int = 0,
    currency: str | None = None,
    delinquent: bool = False,
    default_source: str | None = None,
    default_payment_method: str | None = None,
    discount: Json | None = None,
    created: int = CREATED,
    **fields: Any,
) -> Json:
    """A customer; `default_payment_method` goes to `invoice_settings`, `discount` is carried."""
    known = {
        "id": id,
        "email": email,
        "name": name,
        "metadata": metadata or {},
        "balance": balance,
        "currency": currency,
        "delinquent": delinquent,
        "default_source": default_source,
        "discount": carried([discount], id, customer=id)[0] if discount else None,
        "created": created,
        "invoice_prefix": id[-8:].upper(),
    }
    result = fill("customer", known, fields)
    if default_payment_method:
        result["invoice_settings"]["default_payment_method"] = default_payment_method
    return result


def deleted(obj: Json) -> Json:
    """What is left of a deleted object: its id, its kind, and that it is gone."""
    return {"id": obj["id"], "object": obj["object"], "deleted": True}


def payment_method(
    *,
    id: str,
    customer: str | None = None,
    type: str = "card",
    exp_month: int = 12,
    exp_year: int = 2030,
    last4: str | None = None,
    brand: str = "visa",
    created: int = CREATED,
    **fields: Any,
) -> Json:
    """A payment method: `card` (with its expiry), `sepa_debit`, `us_bank_account`."""
    detail = blank(f"payment_method.{type}")
    if type == "card":
        detail |= {"exp_month": exp_month, "exp_year": exp_year}
        detail |= {"brand": brand, "display_brand": brand}
        detail["networks"]["available"] = [brand]
    if last4:
        detail["last4"] = last4
    known = {"id": id, "customer": customer, "type": type, "created": created}
    return fill("payment_method", known, fields) | {type: detail}


def of_card(card: Json) -> Json:
    """The payment method as which Stripe serves a legacy card too, under the card's id."""
    return payment_method(
        id=card["id"],
        customer=card["customer"],
        exp_month=card["exp_month"],
        exp_year=card["exp_year"],
    )


def card(
    *, id: str, customer: str, exp_month: int = 12, exp_year: int = 2030, **fields: Any
) -> Json:
    """A legacy card source, the kind that `default_source` names."""
    known = {
        "id": id,
        "customer": customer,
        "exp_month": exp_month,
        "exp_year": exp_year,
    }
    return fill("card", known, fields)
