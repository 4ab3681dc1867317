"""Who pays and with what: customers, payment methods, cards."""

from sandbox.kinds.words import (
    CREATED,
    NOTHING,
    OF_CUSTOMER,
    Kind,
    Transition,
    equal,
    held,
    verbs,
)

CUSTOMER = Kind(
    name="customer",
    table="customers",
    columns={"email": "email"},
    filters=(CREATED, equal("email")),
    refs={
        "default_source": "card",
        "invoice_settings.default_payment_method": "payment_method",
        "test_clock": NOTHING,
    },
    embeds={"discount": "discount"},
    lists={"sources": "card", "subscriptions": "subscription"},
    events=verbs("customer"),
    transitions=(
        Transition("customer.discount.created", "discount", about_value=True),
        Transition("customer.discount.deleted", "discount", left=True, about_value=True),
        Transition("customer.discount.updated", "discount", about_value=True, swaps=True),
    ),
    remains="stub",
)
PAYMENT_METHOD = Kind(
    name="payment_method",
    table="payment_methods",
    columns={"customer": "customer"},
    filters=(
        OF_CUSTOMER,
        held("type"),
        held(
            "allow_redisplay",
            choices=("always", "limited", "unspecified"),
        ),
    ),
    refs={"customer": "customer"},
    events=verbs("payment_method", "updated"),
    transitions=(
        Transition("payment_method.attached", "customer"),
        Transition("payment_method.detached", "customer", left=True),
    ),
)
CARD = Kind(
    name="card",
    table="cards",
    served=False,
    created=None,
    columns={"customer": "customer"},
    filters=(OF_CUSTOMER,),
    refs={"customer": "customer", "account": NOTHING},
    events=verbs("customer.source"),
)
