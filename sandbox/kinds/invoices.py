"""What is billed: invoices, their lines, and what waits for the next one."""

from sandbox.kinds.words import (
    COLLECTED,
    CREATED,
    NOTHING,
    OF_CUSTOMER,
    Filter,
    Kind,
    Transition,
    equal,
    inside,
    verbs,
)

INVOICE = Kind(
    name="invoice",
    table="invoices",
    columns={
        "customer": "customer",
        "subscription": "parent.subscription_details.subscription",
        "status": "status",
    },
    filters=(
        CREATED,
        OF_CUSTOMER,
        equal("subscription", "subscription"),
        COLLECTED,
        Filter("due_date", inside("due_date"), "time"),
        equal("status", choices=("draft", "open", "paid", "uncollectible", "void")),
    ),
    refs={
        "customer": "customer",
        "default_payment_method": "payment_method",
        "default_source": "card",
        "discounts": "discount",
        "parent.subscription_details.subscription": "subscription",
        "total_discount_amounts.discount": "discount",
        **dict.fromkeys(("application", "latest_revision", "on_behalf_of"), NOTHING),
        "test_clock": NOTHING,
    },
    embeds={"lines.data": "line_item"},
    events=verbs("invoice"),
    transitions=(
        Transition("invoice.finalized", "status_transitions.finalized_at"),
        Transition("invoice.paid", "status", ("paid",)),
        Transition("invoice.payment_succeeded", "status", ("paid",)),
        Transition("invoice.voided", "status", ("void",)),
        Transition("invoice.marked_uncollectible", "status", ("uncollectible",)),
    ),
)
LINE_ITEM = Kind(
    name="line_item",
    table="invoice_lines",
    served=False,
    refs={
        "discounts": "discount",
        "discount_amounts.discount": "discount",
        "pricing.price_details.price": "price",
        "subscription": "subscription",
    },
    within=("invoice", "lines"),
)
INVOICEITEM = Kind(
    name="invoiceitem",
    table="invoiceitems",
    served=False,
    created="date",
    columns={"customer": "customer", "invoice": "invoice"},
    filters=(CREATED, OF_CUSTOMER, equal("invoice", "invoice")),
    refs={
        "customer": "customer",
        "discounts": "discount",
        "invoice": "invoice",
        "test_clock": NOTHING,
    },
    events=verbs("invoiceitem", "created", "deleted"),
)
