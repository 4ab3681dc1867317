"""The one table of what Stripe's API versions changed: each entry says how it was before.

Enters: an object in the shape of a version. Leaves: the same in the shape before a change. Fields
are those that the official SDKs of these versions name; what Stripe merely added and every
version shows since (`billing_mode`, `discounts` of subscriptions and items) has no entry.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox import paths
from sandbox.shapes import API_VERSION, Json

BASIL, CLOVER = "2025-03-31.basil", "2025-09-30.clover"
DAHLIA, ENDIVE = "2026-03-25.dahlia", "2026-09-30.endive"
VERSIONS = ("2022-11-15", BASIL, CLOVER, API_VERSION)
PERIOD = ("current_period_start", "current_period_end")


@dataclass(frozen=True)
class Change:
    """What version `since` did to a kind: `added` fields (dotted) were not there, `before` makes
    the ones that were, `inlined` ones of these held the whole object of a kind."""

    since: str
    kind: str
    added: tuple[str, ...] = ()
    before: Mapping[str, Callable[[Json], Any]] = field(default_factory=dict)
    inlined: Mapping[str, str] = field(default_factory=dict)
    refs: Mapping[str, str] = field(default_factory=dict)  # the ones before that expand

    def undo(self, obj: Json) -> None:
        made = {name: make(obj) for name, make in self.before.items()}
        for path in self.added:
            outer, _, name = path.rpartition(".")
            holder = paths.value(obj, outer) if outer else obj
            if holder:
                holder.pop(name, None)
        obj.update(made)


def _at(path: str) -> Callable[[Json], Any]:
    return lambda obj: paths.value(obj, path)


def _is(constant: Any) -> Callable[[Json], Any]:
    return lambda _: constant


def _nulls(*names: str) -> dict[str, Callable[[Json], Any]]:
    return dict.fromkeys(names, _is(None))


def _first_discount(obj: Json) -> Any:
    return obj["discounts"][0] if obj["discounts"] else None


def _only_discount(obj: Json) -> Any:
    """An invoice's `discount` was not filled where there were several."""
    return obj["discounts"][0] if len(obj["discounts"]) == 1 else None


def _ends_first(name: str) -> Callable[[Json], Any]:
    return lambda subscription: _ending_first(subscription).get(name)


def _ending_first(subscription: Json) -> Json:
    items: list[Json] = subscription["items"]["data"]
    return min(items, key=lambda item: item[PERIOD[1]], default={})


def _without_periods(subscription: Json) -> Json:
    """An item whose period is another one keeps it, or the old shape could not tell it."""
    first = _ending_first(subscription)
    own = [
        {k: v for k, v in item.items() if k not in PERIOD or item[PERIOD[1]] != first[PERIOD[1]]}
        for item in subscription["items"]["data"]
    ]
    held: Json = subscription["items"]
    return held | {"data": own}


def _usage(metered: Any) -> str | None:
    return "sum" if metered == "metered" else None


def _recurring_before(price: Json) -> Any:
    held = price["recurring"]
    if held is None:
        return None
    kept = {name: value for name, value in held.items() if name != "meter"}
    return kept | {"aggregate_usage": _usage(held["usage_type"])}


def _paid_by(prefix: str) -> Callable[[Json], str | None]:
    """A name for what paid an invoice; the sandbox keeps no charges."""
    return lambda obj: prefix + obj["id"].removeprefix("in_") if obj["amount_paid"] else None


def _tax_before(tax: Json) -> Json:
    return {
        "amount": tax["amount"],
        "inclusive": tax["tax_behavior"] == "inclusive",
        "tax_rate": tax["tax_rate_details"]["tax_rate"],
        "taxability_reason": tax["taxability_reason"],
        "taxable_amount": tax["taxable_amount"],
    }


def _taxes_before(name: str) -> Callable[[Json], list[Json]]:
    return lambda obj: [_tax_before(tax) for tax in obj[name]]


def _tax(invoice: Json) -> int | None:
    taxes = invoice["total_taxes"]
    return sum(tax["amount"] for tax in taxes) if taxes else None


def _detail(name: str) -> Callable[[Json], Any]:
    """What a line's parent says, whichever kind of parent it is."""
    return lambda line: line["parent"][line["parent"]["type"]].get(name) if line["parent"] else None


def _amount_without_tax(line: Json) -> int:
    contained = [tax for tax in line["taxes"] if tax["tax_behavior"] == "inclusive"]
    return int(line["amount"] - sum(tax["amount"] for tax in contained))


def _type(line: Json) -> str:
    parent = line["parent"] or {}
    return "subscription" if parent.get("type") == "subscription_item_details" else "invoiceitem"


def _subscription_details(invoice: Json) -> Json | None:
    if not paths.value(invoice, "parent.subscription_details"):
        return None
    return {"metadata": invoice["parent"]["subscription_details"]["metadata"]}


CHANGES = (
    Change(
        ENDIVE,
        "subscription",
        added=(
            *("status_details", "billing_schedules", "managed_payments", "customer_account"),
            *("cancellation_details.feedback_option", "invoice_settings.custom_fields"),
            *("invoice_settings.description", "invoice_settings.footer"),
        ),
    ),
    Change(ENDIVE, "subscription_item", added=("billed_until", "current_trial")),
    Change(ENDIVE, "invoice", added=("status_details", "customer_account")),
    Change(ENDIVE, "customer", added=("customer_account",)),
    Change(ENDIVE, "discount", added=("customer_account",)),
    Change(ENDIVE, "payment_method", added=("customer_account",)),
    Change(ENDIVE, "product", added=("tax_details",)),
    Change(DAHLIA, "line_item", added=("quantity_decimal", "subtotal")),
    Change(
        CLOVER,
        "discount",
        added=("source",),
        before={"coupon": _at("source.coupon")},
        inlined={"coupon": "coupon"},
    ),
    Change(CLOVER, "customer", added=("business_name", "individual_name")),
    Change(CLOVER, "payment_method", added=("billing_details.tax_id",)),
    Change(CLOVER, "invoice", added=("automatic_tax.provider",)),
    Change(CLOVER, "subscription", added=("billing_thresholds",)),
    Change(CLOVER, "subscription_item", added=("billing_thresholds",)),
    Change(
        BASIL,
        "subscription",
        added=("invoice_settings", "automatic_tax.disabled_reason"),
        before={
            **{name: _ends_first(name) for name in PERIOD},
            **_nulls("billing_thresholds"),
            "items": _without_periods,
            "discount": _first_discount,
        },
        inlined={"discount": "discount"},
    ),
    Change(BASIL, "subscription_item", before=_nulls("billing_thresholds")),
    Change(
        BASIL,
        "invoice",
        added=(
            *("parent", "amount_overpaid", "automatically_finalizes_at"),
            *("total_pretax_credit_amounts", "total_taxes", "automatic_tax.disabled_reason"),
        ),
        before={
            "subscription": _at("parent.subscription_details.subscription"),
            "subscription_details": _subscription_details,
            "paid": lambda invoice: invoice["status"] == "paid",
            "paid_out_of_band": _is(False),
            "charge": _paid_by("ch_"),
            "payment_intent": _paid_by("pi_"),
            "discount": _only_discount,
            "tax": _tax,
            "total_tax_amounts": _taxes_before("total_taxes"),
            **_nulls("application_fee_amount", "quote", "rendering_options", "transfer_data"),
        },
        inlined={"discount": "discount"},
        refs={"subscription": "subscription"},
    ),
    Change(
        BASIL,
        "line_item",
        added=("invoice", "parent", "pricing", "pretax_credit_amounts", "taxes"),
        before={
            "amount_excluding_tax": _amount_without_tax,
            "invoice_item": _detail("invoice_item"),
            "plan": _at("pricing.price_details.price"),
            "price": _at("pricing.price_details.price"),
            "proration": lambda line: bool(_detail("proration")(line)),
            "proration_details": lambda line: (
                _detail("proration_details")(line) or {"credited_items": None}
            ),
            "subscription_item": _detail("subscription_item"),
            "tax_amounts": _taxes_before("taxes"),
            "tax_rates": lambda _: [],
            "type": _type,
            "unit_amount_excluding_tax": _at("pricing.unit_amount_decimal"),
        },
        inlined={"price": "price", "plan": "plan"},
    ),
    Change(BASIL, "discount", added=("subscription_item",)),
    Change(BASIL, "price", before={"recurring": _recurring_before}),
    Change(
        BASIL,
        "plan",
        added=("meter",),
        before={"aggregate_usage": lambda plan: _usage(plan["usage_type"])},
    ),
    Change(
        BASIL,
        "payment_method",
        added=(
            *("allow_redisplay", "card.display_brand", "card.generated_from"),
            "card.regulated_status",
        ),
    ),
    Change(BASIL, "card", added=("allow_redisplay", "regulated_status")),
    Change(
        "2024-04-10",
        "product",
        added=("marketing_features",),
        before={"features": _at("marketing_features")},
    ),
)
