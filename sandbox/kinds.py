"""The one table of object kinds: it drives routes, columns, filters, expands and events.

A kind that the sandbox does not have yet is one more entry here; no other module names a kind
except where Stripe treats it unlike all others (`store`: plans follow prices, a customer's
deletion). Paths are dotted and run through lists.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

NOTHING = "nothing"  # an expandable field that is always null here
_LIVE = "status NOT IN ('canceled', 'incomplete_expired')"
_DELIVERED = (
    "NOT EXISTS (SELECT 1 FROM deliveries"
    " WHERE deliveries.event = events.id AND deliveries.status != 'delivered' AND NOT copy)"
)
_ENDED = "status IN ('canceled', 'incomplete_expired')"


@dataclass(frozen=True)
class Filter:
    """A list parameter: which SQL condition it is, and which values it takes."""

    name: str
    sql: str
    takes: str = "text"  # text, boolean, time, list, or the name of the kind whose id it is
    choices: tuple[str, ...] = ()
    named: Mapping[str, str] = field(default_factory=dict)  # values with a condition of their own
    default: str | None = None  # the condition when the parameter is absent
    most: int = 100  # the longest list


@dataclass(frozen=True)
class Transition:
    """An event of its own when `path` comes to be among `values` (none said: comes to be set)."""

    type: str
    path: str
    values: tuple[str, ...] = ()
    left: bool = False  # when it ceases to be
    replaces: bool = False  # instead of the `updated` event
    about_value: bool = False  # the event's object is what is found at `path`
    swaps: bool = False  # when another object comes to be there


@dataclass(frozen=True)
class Kind:
    name: str
    table: str
    served: bool = True  # under /v1/<table>, as a list and by id
    created: str | None = "created"
    columns: Mapping[str, str] = field(default_factory=dict)
    filters: tuple[Filter, ...] = ()
    refs: Mapping[str, str] = field(default_factory=dict)
    embeds: Mapping[str, str] = field(default_factory=dict)
    on_request: tuple[str, ...] = ()
    lists: Mapping[str, str] = field(default_factory=dict)  # on request: what names it as customer
    within: tuple[str, str] | None = None  # the kind and the list that hold this kind
    events: Mapping[str, str] = field(default_factory=dict)  # created, updated, deleted: its type
    transitions: tuple[Transition, ...] = ()
    remains: str = "404"  # of a deleted one: "404", "stub" (answered as deleted)
    expands_to: str = "stub"  # what an expand of a deleted one shows: "stub" or "last"


def _json(path: str) -> str:
    return f"json_extract(json, '$.{path}')"


def _events(prefix: str, *verbs: str) -> dict[str, str]:
    return {verb: f"{prefix}.{verb}" for verb in verbs or ("created", "updated", "deleted")}


def _equal(name: str, takes: str = "text", sql: str = "", choices: tuple[str, ...] = ()) -> Filter:
    return Filter(name, f"{sql or name} = ?", takes, choices)


_CREATED = Filter("created", "created", "time")
_METHODS = ("charge_automatically", "send_invoice")
_INTERVALS = ("day", "month", "week", "year")
_STATUSES = (
    *("active", "canceled", "incomplete", "incomplete_expired"),
    *("past_due", "paused", "trialing", "unpaid"),
)

_KINDS = (
    Kind(
        name="customer",
        table="customers",
        columns={"email": "email"},
        filters=(_CREATED, _equal("email")),
        refs={
            "default_source": "card",
            "invoice_settings.default_payment_method": "payment_method",
            "test_clock": NOTHING,
        },
        embeds={"discount": "discount"},
        lists={"sources": "card", "subscriptions": "subscription"},
        events=_events("customer"),
        transitions=(
            Transition("customer.discount.created", "discount", about_value=True),
            Transition("customer.discount.deleted", "discount", left=True, about_value=True),
            Transition("customer.discount.updated", "discount", about_value=True, swaps=True),
        ),
        remains="stub",
    ),
    Kind(
        name="subscription",
        table="subscriptions",
        columns={"customer": "customer", "status": "status"},
        filters=(
            _CREATED,
            _equal("customer", "customer"),
            _equal("collection_method", sql=_json("collection_method"), choices=_METHODS),
            Filter(
                "price",
                "EXISTS (SELECT 1 FROM subscription_items AS item"
                " WHERE item.subscription = subscriptions.id AND item.price = ?)",
                "price",
            ),
            Filter(
                "plan",
                "EXISTS (SELECT 1 FROM subscription_items AS item"
                " WHERE item.subscription = subscriptions.id AND item.price = ?)",
                "plan",
            ),
            Filter(
                "status",
                "status = ?",
                choices=(*_STATUSES, "all", "ended"),
                named={"all": "1", "ended": _ENDED},
                default=_LIVE,
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
        events=_events("customer.subscription", "created", "updated"),
        transitions=(
            Transition("customer.subscription.paused", "status", ("paused",)),
            Transition("customer.subscription.resumed", "status", ("paused",), left=True),
            Transition("customer.subscription.deleted", "status", ("canceled",), replaces=True),
        ),
    ),
    Kind(
        name="subscription_item",
        table="subscription_items",
        filters=(_equal("subscription", "subscription"),),
        refs={"discounts": "discount"},
        embeds={"price": "price", "plan": "plan"},
        within=("subscription", "items"),
    ),
    Kind(
        name="invoice",
        table="invoices",
        columns={
            "customer": "customer",
            "subscription": "parent.subscription_details.subscription",
            "status": "status",
        },
        filters=(
            _CREATED,
            _equal("customer", "customer"),
            _equal("subscription", "subscription"),
            _equal("collection_method", sql=_json("collection_method"), choices=_METHODS),
            Filter("due_date", _json("due_date"), "time"),
            _equal("status", choices=("draft", "open", "paid", "uncollectible", "void")),
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
        events=_events("invoice"),
        transitions=(
            Transition("invoice.finalized", "status_transitions.finalized_at"),
            Transition("invoice.paid", "status", ("paid",)),
            Transition("invoice.payment_succeeded", "status", ("paid",)),
            Transition("invoice.voided", "status", ("void",)),
            Transition("invoice.marked_uncollectible", "status", ("uncollectible",)),
        ),
    ),
    Kind(
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
    ),
    Kind(
        name="invoiceitem",
        table="invoiceitems",
        served=False,
        created="date",
        columns={"customer": "customer", "invoice": "invoice"},
        filters=(_CREATED, _equal("customer", "customer"), _equal("invoice", "invoice")),
        refs={
            "customer": "customer",
            "discounts": "discount",
            "invoice": "invoice",
            "test_clock": NOTHING,
        },
        events=_events("invoiceitem", "created", "deleted"),
    ),
    Kind(
        name="price",
        table="prices",
        columns={"product": "product"},
        filters=(
            _CREATED,
            _equal("active", "boolean", _json("active")),
            _equal("currency", sql=_json("currency")),
            _equal("product", "product"),
            _equal("type", sql=_json("type"), choices=("one_time", "recurring")),
            Filter("lookup_keys", _json("lookup_key"), "list", most=10),
            _equal("recurring[interval]", sql=_json("recurring.interval"), choices=_INTERVALS),
            _equal("recurring[meter]", sql=_json("recurring.meter")),
            _equal(
                "recurring[usage_type]",
                sql=_json("recurring.usage_type"),
                choices=("licensed", "metered"),
            ),
        ),
        refs={"product": "product"},
        on_request=("tiers", "currency_options"),
        events=_events("price"),
    ),
    Kind(
        name="plan",
        table="plans",
        columns={"product": "product"},
        filters=(
            _CREATED,
            _equal("active", "boolean", _json("active")),
            _equal("product", "product"),
        ),
        refs={"product": "product"},
        on_request=("tiers",),
        events=_events("plan"),
    ),
    Kind(
        name="product",
        table="products",
        filters=(
            _CREATED,
            _equal("active", "boolean", _json("active")),
            Filter("ids", "id", "list"),
            _equal("shippable", "boolean", _json("shippable")),
            _equal("type", sql=_json("type"), choices=("good", "service")),
            _equal("url", sql=_json("url")),
        ),
        refs={"default_price": "price", "tax_code": NOTHING},
        events=_events("product"),
    ),
    Kind(
        name="coupon",
        table="coupons",
        filters=(_CREATED,),
        on_request=("applies_to", "currency_options"),
        events=_events("coupon"),
        expands_to="last",
    ),
    Kind(
        name="discount",
        table="discounts",
        served=False,
        created="start",
        refs={"customer": "customer", "source.coupon": "coupon", "promotion_code": NOTHING},
        events=_events("customer.discount", "created", "deleted"),  # as a subscription carries it
    ),
    Kind(
        name="payment_method",
        table="payment_methods",
        columns={"customer": "customer"},
        filters=(
            _equal("customer", "customer"),
            _equal("type", sql=_json("type")),
            _equal(
                "allow_redisplay",
                sql=_json("allow_redisplay"),
                choices=("always", "limited", "unspecified"),
            ),
        ),
        refs={"customer": "customer"},
        events=_events("payment_method", "updated"),
        transitions=(
            Transition("payment_method.attached", "customer"),
            Transition("payment_method.detached", "customer", left=True),
        ),
    ),
    Kind(
        name="card",
        table="cards",
        served=False,
        created=None,
        columns={"customer": "customer"},
        filters=(_equal("customer", "customer"),),
        refs={"customer": "customer", "account": NOTHING},
        events=_events("customer.source"),
    ),
    Kind(
        name="event",
        table="events",
        columns={"type": "type"},
        filters=(
            _CREATED,
            Filter("type", "type GLOB ?"),
            Filter("types", "type", "list", most=20),
            Filter("delivery_success", f"({_DELIVERED}) = ?", "boolean"),
        ),
    ),
    Kind(name="webhook_endpoint", table="webhook_endpoints"),
)

KINDS: Mapping[str, Kind] = {kind.name: kind for kind in _KINDS}

# Served as well, although the SDK has another name for their service than for their path.
APART = ("invoiceitem",)

# Lists under one object: path under /v1, the owner's kind, the elements' kind.
NESTED = (
    ("customers/{id}/payment_methods", "customer", "payment_method"),
    ("customers/{id}/sources", "customer", "card"),
    ("customers/{id}/subscriptions", "customer", "subscription"),
    ("invoices/{id}/lines", "invoice", "line_item"),
)
