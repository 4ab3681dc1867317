"""The landing tables: every column, its type, and where it stands in Stripe's objects.

Enters: nothing. Leaves: `TABLES` (what is landed) and `EXTRACTS` (which objects fill which table).
No business rule belongs here: amounts stay in minor units, statuses stay as Stripe sends them.

A path such as `object.recurring.interval` starts at one of the nodes of a row:
`root` (the object that was read), `parent` (what holds the element), `object` (the element itself),
`key` and `position` (its place in the parent, from 0). A column may name several paths, newest
shape first: the first one that is present wins, so that shapes of older API versions land in the
same column.

Every table also has `stripe_account_id` (first; its key is that and `id`), `read_at` (UTC, when the
read that brought the row began) and `loaded_at` (UTC, the load that merged it: one value a load,
greater than every earlier one's). Rows of nested elements carry the `read_at` of their root: an
element is current while both are equal.
"""

from ingestion.columns import (
    Extract,
    Table,
    decimal,
    flag,
    integer,
    json,
    reference,
    taxes,
    text,
    timestamp,
    total,
)

ID = text("id", required=True)
CREATED = timestamp("created", required=True)
LIVEMODE = flag("livemode")
COUPON = ("object.source.coupon", "object.coupon")

TABLES = (
    Table(
        "customers",
        (
            ID,
            CREATED,
            text("name"),
            text("email"),
            integer("balance", "object.balance", "object.account_balance"),
            text("currency"),
            flag("delinquent"),
            reference(
                "default_payment_method_id", "object.invoice_settings.default_payment_method"
            ),
            reference("default_source_id", "object.default_source"),
            json("metadata"),
            LIVEMODE,
        ),
        tombstones=True,
    ),
    Table(
        "subscriptions",
        (
            ID,
            CREATED,
            reference("customer_id", "object.customer", required=True),
            text("status", required=True),
            text("currency", "object.currency", "object.plan.currency", required=True),
            timestamp("start_date"),
            flag("cancel_at_period_end"),
            timestamp("cancel_at"),
            timestamp("canceled_at"),
            timestamp("ended_at"),
            timestamp("trial_start"),
            timestamp("trial_end"),
            text("pause_collection_behavior", "object.pause_collection.behavior"),
            timestamp("pause_collection_resumes_at", "object.pause_collection.resumes_at"),
            text("billing_mode", "object.billing_mode.type"),
            text("collection_method"),
            reference("default_payment_method_id", "object.default_payment_method"),
            reference("default_source_id", "object.default_source"),
            reference("latest_invoice_id", "object.latest_invoice"),
            json("metadata"),
            LIVEMODE,
        ),
        tombstones=True,
    ),
    Table(
        "subscription_items",
        (
            ID,
            CREATED,
            reference("subscription_id", "root.id", required=True),
            reference("price_id", "object.price", "object.plan", required=True),
            integer("quantity"),
            timestamp(
                "current_period_start",
                "object.current_period_start",
                "root.current_period_start",
                required=True,
            ),
            timestamp(
                "current_period_end",
                "object.current_period_end",
                "root.current_period_end",
                required=True,
            ),
        ),
    ),
    Table(
        "invoices",
        (
            ID,
            CREATED,
            reference("customer_id", "object.customer"),
            reference(
                "subscription_id",
                "object.parent.subscription_details.subscription",
                "object.subscription",
            ),
            text("status"),
            text("currency", required=True),
            integer("total", required=True),
            integer("subtotal"),
            integer("total_excluding_tax"),
            integer("amount_due"),
            integer("amount_paid"),
            text("billing_reason"),
            text("number"),
            timestamp("period_start"),
            timestamp("period_end"),
            timestamp("paid_at", "object.status_transitions.paid_at"),
            LIVEMODE,
        ),
        tombstones=True,
    ),
    Table(
        "invoice_lines",
        (
            ID,
            reference("invoice_id", "root.id", required=True),
            integer("amount", required=True),
            text("currency", required=True),
            integer("quantity"),
            timestamp("period_start", "object.period.start", required=True),
            timestamp("period_end", "object.period.end", required=True),
            reference(
                "price_id", "object.pricing.price_details.price", "object.price", "object.plan"
            ),
            reference(
                "subscription_id",
                "object.parent.subscription_item_details.subscription",
                "object.parent.invoice_item_details.subscription",
                "object.subscription",
            ),
            reference(
                "subscription_item_id",
                "object.parent.subscription_item_details.subscription_item",
                "object.subscription_item",
            ),
            flag(
                "is_proration",
                "object.parent.subscription_item_details.proration",
                "object.parent.invoice_item_details.proration",
                "object.proration",
            ),
            total("discount_amount", "object.discount_amounts"),
            taxes("taxes", "object.taxes", "object.tax_amounts"),
            integer("position", "position"),
        ),
    ),
    Table(
        "prices",
        (
            ID,
            CREATED,
            reference("product_id", "object.product"),
            text("currency", required=True),
            flag("active"),
            text("type"),
            text("nickname"),
            text("billing_scheme", required=True),
            text("tiers_mode"),
            integer("unit_amount"),
            decimal("unit_amount_decimal"),
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
            reference("price_id", "root.id", required=True),
            text("currency", "parent.currency", "root.currency", required=True),
            integer("position", "position"),
            integer("up_to"),
            integer("unit_amount"),
            decimal("unit_amount_decimal"),
            integer("flat_amount"),
            decimal("flat_amount_decimal"),
        ),
    ),
    Table(
        "price_currency_options",
        (
            text("id", "key", required=True),
            reference("price_id", "root.id", required=True),
            text("currency", "position", required=True),
            integer("unit_amount"),
            decimal("unit_amount_decimal"),
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
            json("applies_to_products", "object.applies_to.products"),
            flag("valid"),
            LIVEMODE,
        ),
        tombstones=True,
    ),
    Table(
        "discounts",
        (
            # Not Stripe's id: older shapes have none, and one discount can hang on several items.
            text("id", "key", required=True),
            text("discount_id", "object.id"),
            text("owner_type", "parent.object", required=True),
            reference("owner_id", "parent.id", required=True),
            text("root_type", "root.object", required=True),
            reference("root_id", "root.id", required=True),
            integer("position", "position"),
            reference("coupon_id", *COUPON, required=True),
            text("coupon_name", *(f"{path}.name" for path in COUPON)),
            decimal("percent_off", *(f"{path}.percent_off" for path in COUPON)),
            integer("amount_off", *(f"{path}.amount_off" for path in COUPON)),
            text("coupon_currency", *(f"{path}.currency" for path in COUPON)),
            text("duration", *(f"{path}.duration" for path in COUPON)),
            integer("duration_in_months", *(f"{path}.duration_in_months" for path in COUPON)),
            timestamp("starts_at", "object.start"),
            timestamp("ends_at", "object.end"),
        ),
    ),
    Table(
        "payment_methods",
        (
            ID,
            reference("customer_id", "object.customer"),
            text("type", "object.type", "object.object"),
            integer("card_exp_month", "object.card.exp_month", "object.exp_month"),
            integer("card_exp_year", "object.card.exp_year", "object.exp_year"),
        ),
    ),
    # Objects that were kept out, because a value of theirs stands in no known shape.
    Table(
        "quarantine",
        (
            ID,
            text("stream", required=True),
            text("object_id", required=True),
            text("path"),
            text("problem"),
            timestamp("cleared_at"),
        ),
    ),
)

EXTRACTS: dict[str, tuple[Extract, ...]] = {
    "customers": (
        Extract("customers"),
        Extract("discounts", "discount", expanded=True),
        Extract("payment_methods", "invoice_settings.default_payment_method"),
        Extract("payment_methods", "default_source"),
    ),
    "subscriptions": (
        Extract("subscriptions"),
        Extract("subscription_items", "items.data[]"),
        # The older single discount first: where both are there, the list knows the order.
        Extract("discounts", "discount", expanded=True),
        Extract("discounts", "discounts[]", expanded=True),
        Extract("discounts", "items.data[].discounts[]", expanded=True),
        Extract("payment_methods", "default_payment_method"),
        Extract("payment_methods", "default_source"),
    ),
    "invoices": (Extract("invoices"), Extract("invoice_lines", "lines.data[]")),
    "prices": (
        Extract("prices"),
        Extract("price_tiers", "tiers[]"),
        Extract("price_currency_options", "currency_options{}"),
    ),
    "products": (Extract("products"),),
    "coupons": (Extract("coupons"),),
    "payment_methods": (Extract("payment_methods"),),
    "quarantine": (Extract("quarantine"),),
}
