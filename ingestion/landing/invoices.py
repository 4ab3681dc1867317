"""What was billed: paid and open invoices, their lines, the discounts that were taken off.

Enters: nothing. Leaves: their tables, and where their rows stand in an invoice.
"""

from ingestion.landing.columns import (
    COUPON,
    CREATED,
    ID,
    LIVEMODE,
    Extract,
    Table,
    flag,
    holder,
    integer,
    json,
    reference,
    taxes,
    text,
    timestamp,
    total,
)

TABLES = (
    Table(
        "invoices",
        (
            ID,
            CREATED,
            reference("customer_id", "object.customer", names="customers"),
            reference(
                "subscription_id",
                "object.parent.subscription_details.subscription",
                "object.subscription",
                names="subscriptions",
            ),
            text("status"),
            text("currency", required=True),
            integer("total", required=True),
            integer("subtotal"),
            integer("total_excluding_tax"),
            integer("amount_due"),
            integer("amount_paid"),
            integer("amount_remaining"),
            integer("attempt_count"),
            timestamp("next_payment_attempt"),
            timestamp("due_date"),
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
            holder("invoice_id", "root.id"),
            integer("amount", required=True),
            text("currency", required=True),
            integer("quantity"),
            timestamp("period_start", "object.period.start", required=True),
            timestamp("period_end", "object.period.end", required=True),
            reference(
                "price_id",
                "object.pricing.price_details.price",
                "object.price",
                "object.plan",
                names="prices",
                embedded=True,
            ),
            reference(
                "subscription_id",
                "object.parent.subscription_item_details.subscription",
                "object.parent.invoice_item_details.subscription",
                "object.subscription",
                names="subscriptions",
            ),
            reference(
                "subscription_item_id",
                "object.parent.subscription_item_details.subscription_item",
                "object.subscription_item",
                names="subscription_items",
            ),
            flag(
                "is_proration",
                "object.parent.subscription_item_details.proration",
                "object.parent.invoice_item_details.proration",
                "object.proration",
            ),
            total("discount_amount", "object.discount_amounts"),
            json("discount_amounts"),
            taxes("taxes", "object.taxes", "object.tax_amounts"),
            integer("position", "position"),
        ),
    ),
    Table(
        # A discount that is used up hangs nowhere any more; what it took off names it for good.
        "invoiced_discounts",
        (ID, reference("coupon_id", *COUPON, names="coupons")),
    ),
)

EXTRACTS = {
    "invoices": (
        Extract("invoices"),
        Extract("invoice_lines", "lines.data[]"),
        Extract("invoiced_discounts", "total_discount_amounts[].discount"),
        Extract("invoiced_discounts", "lines.data[].discounts[]"),
    ),
}
