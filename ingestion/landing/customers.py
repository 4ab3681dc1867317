"""Who pays and with what: customers and payment methods.

Enters: nothing. Leaves: their tables, and where their rows stand in a customer.
"""

from ingestion.landing.columns import (
    CREATED,
    ID,
    LIVEMODE,
    Extract,
    Table,
    flag,
    integer,
    json,
    reference,
    text,
)

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
                "default_payment_method_id",
                "object.invoice_settings.default_payment_method",
                names="payment_methods",
            ),
            reference("default_source_id", "object.default_source", names="payment_methods"),
            json("metadata"),
            LIVEMODE,
        ),
        tombstones=True,
    ),
    Table(
        "payment_methods",
        (
            ID,
            reference("customer_id", "object.customer", names="customers"),
            text("type", "object.type", "object.object"),
            integer("card_exp_month", "object.card.exp_month", "object.exp_month"),
            integer("card_exp_year", "object.card.exp_year", "object.exp_year"),
        ),
    ),
)

EXTRACTS = {
    "customers": (
        Extract("customers"),
        Extract("discounts", "discount", expanded=True),
        Extract("payment_methods", "invoice_settings.default_payment_method"),
        Extract("payment_methods", "default_source"),
    ),
    "payment_methods": (Extract("payment_methods"),),
}
