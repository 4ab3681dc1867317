"""What is sold: prices and plans, products, coupons."""

from sandbox.kinds.words import (
    ACTIVE,
    CREATED,
    NOTHING,
    OF_PRODUCT,
    Filter,
    Kind,
    held,
    inside,
    verbs,
)

INTERVALS = ("day", "month", "week", "year")

PRICE = Kind(
    name="price",
    table="prices",
    columns={"product": "product"},
    filters=(
        CREATED,
        ACTIVE,
        held("currency"),
        OF_PRODUCT,
        held("type", choices=("one_time", "recurring")),
        Filter("lookup_keys", inside("lookup_key"), "list", most=10),
        held("recurring[interval]", "recurring.interval", choices=INTERVALS),
        held("recurring[meter]", "recurring.meter"),
        held(
            "recurring[usage_type]",
            "recurring.usage_type",
            choices=("licensed", "metered"),
        ),
    ),
    refs={"product": "product"},
    on_request=("tiers", "currency_options"),
    on_request_of_each={"currency_options": "tiers"},
    events=verbs("price"),
)
PLAN = Kind(
    name="plan",
    table="plans",
    columns={"product": "product"},
    filters=(
        CREATED,
        ACTIVE,
        OF_PRODUCT,
    ),
    refs={"product": "product"},
    on_request=("tiers",),
    events=verbs("plan"),
)
PRODUCT = Kind(
    name="product",
    table="products",
    filters=(
        CREATED,
        ACTIVE,
        Filter("ids", "id", "list"),
        held("shippable", takes="boolean"),
        held("type", choices=("good", "service")),
        held("url"),
    ),
    refs={"default_price": "price", "tax_code": NOTHING},
    events=verbs("product"),
)
COUPON = Kind(
    name="coupon",
    table="coupons",
    filters=(CREATED,),
    on_request=("applies_to", "currency_options"),
    events=verbs("coupon"),
    expands_to="last",
)
