"""What is subscribed to: subscriptions and their items, and the discounts on them."""

from sandbox.kinds.words import (
    COLLECTED,
    CREATED,
    NOTHING,
    OF_CUSTOMER,
    Filter,
    Kind,
    Transition,
    equal,
    verbs,
)

STATUSES = (
    *("active", "canceled", "incomplete", "incomplete_expired"),
    *("past_due", "paused", "trialing", "unpaid"),
)
LIVE = "status NOT IN ('canceled', 'incomplete_expired')"
ENDED = "status IN ('canceled', 'incomplete_expired')"
NAMING = (
    "EXISTS (SELECT 1 FROM subscription_items AS item"
    " WHERE item.subscription = subscriptions.id AND item.price = ?)"
)

SUBSCRIPTION = Kind(
    name="subscription",
    table="subscriptions",
    columns={"customer": "customer", "status": "status"},
    filters=(
        CREATED,
        OF_CUSTOMER,
        COLLECTED,
        Filter("price", NAMING, "price"),
        Filter("plan", NAMING, "plan"),
        Filter(
            "status",
            "status = ?",
            choices=(*STATUSES, "all", "ended"),
            named={"all": "1", "ended": ENDED},
            default=LIVE,
        ),
    ),
    refs={
        "customer": "customer",
        "default_payment_method": "payment_method",
        "default_source": "card",
        "discounts": "discount",
        "latest_invoice": "invoice",
        **dict.fromkeys(("application", "on_behalf_of", "pending_setup_intent"), NOTHING),
        **dict.fromkeys(("schedule", "test_clock"), NOTHING),
    },
    embeds={"items.data": "subscription_item"},
    events=verbs("customer.subscription", "created", "updated"),
    transitions=(
        Transition("customer.subscription.paused", "status", ("paused",)),
        Transition("customer.subscription.resumed", "status", ("paused",), left=True),
        Transition("customer.subscription.deleted", "status", ("canceled",), replaces=True),
    ),
)
SUBSCRIPTION_ITEM = Kind(
    name="subscription_item",
    table="subscription_items",
    filters=(equal("subscription", "subscription"),),
    refs={"discounts": "discount"},
    embeds={"price": "price", "plan": "plan"},
    within=("subscription", "items"),
)
DISCOUNT = Kind(
    name="discount",
    table="discounts",
    served=False,
    created="start",
    refs={"customer": "customer", "source.coupon": "coupon", "promotion_code": NOTHING},
    events=verbs("customer.discount", "created", "deleted"),  # as a subscription carries it
)
