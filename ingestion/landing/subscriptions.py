"""What is subscribed to, and at what discount: subscriptions, their items, discounts.

Enters: nothing. Leaves: their tables, and where their rows stand in a subscription.
"""

from ingestion.landing.columns import (
    COUPON,
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
    timestamp,
)

TABLES = (
    Table(
        "subscriptions",
        (
            ID,
            CREATED,
            reference("customer_id", "object.customer", names="customers", required=True),
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
            integer("days_until_due"),
            text("cancellation_reason", "object.cancellation_details.reason"),
            text("cancellation_feedback", "object.cancellation_details.feedback"),
            text("cancellation_comment", "object.cancellation_details.comment"),
            reference(
                "default_payment_method_id",
                "object.default_payment_method",
                names="payment_methods",
            ),
            reference("default_source_id", "object.default_source", names="payment_methods"),
            reference("latest_invoice_id", "object.latest_invoice", names="invoices"),
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
            holder("subscription_id", "root.id"),
            reference(
                "price_id",
                "object.price",
                "object.plan",
                names="prices",
                required=True,
                embedded=True,
            ),
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
        "discounts",
        (
            # Not Stripe's id: older shapes have none, and one discount can hang on several items.
            text("id", "key", required=True),
            text("discount_id", "object.id"),
            text("owner_type", "parent.object", required=True),
            holder("owner_id", "parent.id"),
            text("root_type", "root.object", required=True),
            holder("root_id", "root.id"),
            integer("position", "position"),
            reference("coupon_id", *COUPON, names="coupons", required=True),
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
)

EXTRACTS = {
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
}
