"""Products, prices and coupons: what can be written, field by field."""

from sandbox import builders
from sandbox.books import Books
from sandbox.errors import StripeError
from sandbox.http import form
from sandbox.http.form import (
    boolean,
    clearable,
    decimal,
    integer,
    listed,
    merged,
    natural,
    record,
    text,
)
from sandbox.http.writing import Write
from sandbox.shapes import Json

_PRODUCT = {
    "active": boolean,
    "description": clearable(text),
    "images": listed(text),
    "metadata": form.metadata,
    "name": text,
    "shippable": boolean,
    "statement_descriptor": text,
    "unit_label": clearable(text),
    "url": clearable(text),
}
_PRICE = {
    "active": boolean,
    "lookup_key": clearable(text),
    "metadata": form.metadata,
    "nickname": clearable(text),
    "tax_behavior": form.choice("exclusive", "inclusive", "unspecified"),
    "transfer_lookup_key": boolean,
}
_RECURRING = {
    "interval": form.choice("day", "month", "week", "year"),
    "interval_count": form.at_most(1095),
    "meter": text,
    "trial_period_days": form.at_most(730),
    "usage_type": form.choice("licensed", "metered"),
}
_TIER = {
    "up_to": form.either("inf", natural),
    "unit_amount": natural,
    "unit_amount_decimal": decimal,
    "flat_amount": natural,
    "flat_amount_decimal": decimal,
}
_AMOUNTS = {"unit_amount": integer, "unit_amount_decimal": decimal}
_OPTION = _AMOUNTS | {"tiers": listed(record(_TIER, "up_to"))}
_NEW_PRICE = _PRICE | _AMOUNTS | {
    "billing_scheme": form.choice("per_unit", "tiered"),
    "currency": text,
    "currency_options": lambda node, name: {
        key: record(_OPTION)(value, f"{name}[{key}]") for key, value in dict(node).items()
    },
    "product": text,
    "product_data": record({"name": text, "metadata": form.metadata, "id": text}, "name"),
    "recurring": record(_RECURRING, "interval"),
    "tiers": listed(record(_TIER, "up_to")),
    "tiers_mode": form.choice("graduated", "volume"),
    "transform_quantity": record({
        "divide_by": natural, "round": form.choice("down", "up"),
    }, "divide_by", "round"),
}  # fmt: skip
_COUPON = {"metadata": form.metadata, "name": clearable(text)}
_NEW_COUPON = _COUPON | {
    "amount_off": natural,
    "applies_to": record({"products": listed(text)}),
    "currency": text,
    "currency_options": lambda node, name: {
        key: record({"amount_off": natural}, "amount_off")(value, f"{name}[{key}]")
        for key, value in dict(node).items()
    },
    "duration": form.choice("forever", "once", "repeating"),
    "duration_in_months": form.at_most(1200),
    "id": text,
    "max_redemptions": natural,
    "percent_off": form.percent,
    "redeem_by": natural,
}


def _create_product(books: Books, _: str, values: Json) -> Json:
    identity = values.pop("id", None) or books.new("prod_")
    _unused(books, "product", identity)
    values["metadata"] = merged({}, values.get("metadata", {}))
    return books.put(builders.product(id=identity, created=books.now, **values))


def _update_product(books: Books, identity: str, values: Json) -> Json:
    product = books.get("product", identity)
    default = values.get("default_price")
    if default and books.named("price", default, "default_price")["product"] != identity:
        raise StripeError(f"The price {default} belongs to another product.", param="default_price")
    values["metadata"] = merged(product["metadata"], values.get("metadata", {}))
    return books.put(product | values | {"updated": books.now})


def _delete_product(books: Books, identity: str, _values: Json) -> Json:
    product = books.get("product", identity)
    if any(books.where("price", "product = ?", identity)):
        raise StripeError(
            "This product cannot be deleted because it has one or more user-created prices."
        )
    return books.delete(product)


def _create_price(books: Books, _: str, values: Json) -> Json:
    _check_amounts(values)
    _check_interval(values.get("recurring") or {})
    values["product"] = _product(books, values)
    values["currency"] = values["currency"].lower()
    recurring = values.pop("recurring", None)
    scheme = values.pop("billing_scheme", None)
    if scheme == "tiered" and not values.get("tiers"):
        raise form.missing_parameter("tiers")
    for holder in (values, *values.get("currency_options", {}).values()):
        if "tiers" in holder:
            holder["tiers"] = [_tier(one) for one in holder["tiers"]]
    _lookup(books, None, values)
    values["metadata"] = merged({}, values.get("metadata", {}))
    plain = {"interval": None} | (recurring or {})
    price = builders.price(id=books.new("price_1"), created=books.now, **plain, **values)
    return books.put(price)


def _check_amounts(values: Json) -> None:
    said = [one for one in ("unit_amount", "unit_amount_decimal", "tiers") if one in values]
    if len(said) != 1:
        raise StripeError(
            "You must specify one of `unit_amount`, `unit_amount_decimal`, or `tiers`.",
            param=said[1] if said else "unit_amount",
        )
    if "tiers" in values and "tiers_mode" not in values:
        raise form.missing_parameter("tiers_mode")
    if "tiers" in values and (not values["tiers"] or values["tiers"][-1]["up_to"] != "inf"):
        raise StripeError("The last tier must be infinite: up_to=inf.", param="tiers")


def _check_interval(recurring: Json) -> None:
    """At most three years."""
    most = {"day": 1095, "week": 156, "month": 36, "year": 3}.get(recurring.get("interval", ""), 0)
    if recurring.get("interval_count", 0) > most:
        raise StripeError(
            f"The maximum interval_count of this interval is {most}.",
            param="recurring[interval_count]",
        )


def _product(books: Books, values: Json) -> str:
    data = values.pop("product_data", None)
    if (data is None) == ("product" not in values):
        raise StripeError("You must specify one of: product, product_data.", param="product")
    if data is not None:
        return str(_create_product(books, "", data)["id"])
    return str(books.named("product", values["product"], "product")["id"])


def _tier(one: Json) -> Json:
    return builders.tier(**(one | {"up_to": None if one["up_to"] == "inf" else one["up_to"]}))


def _update_price(books: Books, identity: str, values: Json) -> Json:
    price = books.get("price", identity)
    _lookup(books, identity, values)
    values["metadata"] = merged(price["metadata"], values.get("metadata", {}))
    return books.put(price | values)


def _lookup(books: Books, identity: str | None, values: Json) -> None:
    """A lookup key is one price's; it can be taken over."""
    take, key = values.pop("transfer_lookup_key", False), values.get("lookup_key")
    held = books.where("price", "json_extract(json, '$.lookup_key') = ?", key) if key else ()
    for other in held:
        if other["id"] == identity:
            continue
        if not take:
            raise StripeError(
                f"A price (`{other['id']}`) already uses that lookup key.", param="lookup_key"
            )
        books.update(other, lookup_key=None)


def _create_coupon(books: Books, _: str, values: Json) -> Json:
    if ("percent_off" in values) == ("amount_off" in values):
        raise StripeError("You must pass either percent_off or amount_off, not both.")
    if "amount_off" in values and "currency" not in values:
        raise form.missing_parameter("currency")
    duration = values.setdefault("duration", "once")
    if (duration == "repeating") != ("duration_in_months" in values):
        raise StripeError(
            "duration_in_months is given if, and only if, the duration is repeating.",
            param="duration_in_months",
        )
    identity = values.pop("id", None) or books.new("", 4).upper()
    _unused(books, "coupon", identity)
    values["applies_to"] = values.get("applies_to", {}).get("products")
    values["metadata"] = merged({}, values.get("metadata", {}))
    return books.put(builders.coupon(id=identity, created=books.now, **values))


def _update_coupon(books: Books, identity: str, values: Json) -> Json:
    coupon = books.get("coupon", identity)
    values["metadata"] = merged(coupon["metadata"], values.get("metadata", {}))
    return books.put(coupon | values)


def _delete_coupon(books: Books, identity: str, _values: Json) -> Json:
    return books.delete(books.get("coupon", identity))


def _unused(books: Books, kind: str, identity: str) -> None:
    if books.find(kind, identity):
        raise StripeError(
            f"{kind.title()} already exists.", code="resource_already_exists", param="id"
        )


WRITES = (
    Write("POST", "/v1/products", _create_product, _PRODUCT | {"id": text}, ("name",)),
    Write("POST", "/v1/products/{id}", _update_product, _PRODUCT | {"default_price": text}),
    Write("DELETE", "/v1/products/{id}", _delete_product),
    Write("POST", "/v1/prices", _create_price, _NEW_PRICE, ("currency",)),
    Write("POST", "/v1/prices/{id}", _update_price, _PRICE),
    Write("POST", "/v1/coupons", _create_coupon, _NEW_COUPON),
    Write("POST", "/v1/coupons/{id}", _update_coupon, _COUPON),
    Write("DELETE", "/v1/coupons/{id}", _delete_coupon),
)
