"""What is sold: prices with their tiers and other currencies, products, coupons.

Enters: nothing. Leaves: their tables, and where their rows stand in the objects.
"""

from ingestion.landing.columns import (
    CREATED,
    ID,
    LIVEMODE,
    Extract,
    Table,
    decimal,
    flag,
    holder,
    integer,
    json,
    reference,
    text,
)

AMOUNTS = (integer("unit_amount"), decimal("unit_amount_decimal"))

TABLES = (
    Table(
        "prices",
        (
            ID,
            CREATED,
            reference("product_id", "object.product", names="products"),
            text("currency", required=True),
            flag("active"),
            text("type"),
            text("nickname"),
            text("billing_scheme", required=True),
            text("tiers_mode"),
            *AMOUNTS,
            text("recurring_interval", "object.recurring.interval"),
            integer("recurring_interval_count", "object.recurring.interval_count"),
            text("usage_type", "object.recurring.usage_type"),
            integer("transform_divide_by", "object.transform_quantity.divide_by"),
            text("transform_round", "object.transform_quantity.round"),
            text("tax_behavior"),
            LIVEMODE,
        ),
        tombstones=True,
    ),
    Table(
        "price_tiers",
        (
            text("id", "key", required=True),
            holder("price_id", "root.id"),
            text("currency", "within", "root.currency", required=True),
            integer("position", "position"),
            integer("up_to"),
            *AMOUNTS,
            integer("flat_amount"),
            decimal("flat_amount_decimal"),
        ),
    ),
    Table(
        "price_currency_options",
        (
            text("id", "key", required=True),
            holder("price_id", "root.id"),
            text("currency", "position", required=True),
            *AMOUNTS,
            text("tax_behavior"),
        ),
    ),
    Table(
        "products",
        (ID, CREATED, text("name"), flag("active"), LIVEMODE),
        tombstones=True,
    ),
    Table(
        "coupons",
        (
            ID,
            CREATED,
            text("name"),
            decimal("percent_off"),
            integer("amount_off"),
            text("currency"),
            text("duration", required=True),
            integer("duration_in_months"),
            json("applies_to_products", "object.applies_to.products", names="products"),
            flag("valid"),
            LIVEMODE,
        ),
        tombstones=True,
    ),
    Table(
        "coupon_currency_options",
        (
            text("id", "key", required=True),
            holder("coupon_id", "root.id"),
            text("currency", "position", required=True),
            integer("amount_off"),
        ),
    ),
)

EXTRACTS = {
    "prices": (
        Extract("prices"),
        Extract("price_tiers", "tiers[]"),
        Extract("price_tiers", "currency_options{}.tiers[]"),
        Extract("price_currency_options", "currency_options{}"),
    ),
    "products": (Extract("products"),),
    "coupons": (
        Extract("coupons"),
        Extract("coupon_currency_options", "currency_options{}"),
    ),
}
