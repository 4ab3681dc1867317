"""An explanation as lines that a person reads from top to bottom.

Enters: an `Explanation`. Leaves: text. Only sums that the reader can check are added up here.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import Any

from orchestration.terminal.printable import in_line


@dataclass(frozen=True)
class Explanation:
    """`traits`: value, unit and source of each; `steps`: how MRR adds up; `months`: MRR at the
    ends of the last months; `sent`: what went out and what the store answered; `sources`: ids of
    the rows that the traits are made of; `billed`: what MRR as billed is the greater of;
    `unknown_amount`: the object and field because of which MRR is not known; `ahead_as_of` (naive
    UTC): what the account store was sent is of that moment, and all else here of an earlier one."""

    account: str
    traits: list[dict[str, Any]]
    steps: list[dict[str, Any]]
    months: list[dict[str, Any]]
    sent: list[dict[str, Any]]
    sources: dict[str, list[str]] = field(default_factory=dict)
    billed: list[dict[str, Any]] = field(default_factory=list)
    unknown_amount: str | None = None
    ahead_as_of: datetime | None = None


def lines(found: Explanation) -> Iterator[str]:
    """The traits that have a value, MRR step by step, and what went to the account store."""
    yield f"account {found.account}"
    if found.ahead_as_of:
        at = f"{found.ahead_as_of:%H:%M:%S} UTC"
        yield f"the account store has its traits of {at}; what is shown here follows within seconds"
    shown = [row for row in found.traits if len(found.traits) == 1 or row["value"] not in EMPTY]
    width = max((len(row["trait"]) for row in shown), default=0)
    for row in shown:
        unit = f" ({row['unit']})" if row["unit"] else ""
        yield f"  {row['trait']:<{width}}  {text(row['value'])}"
        yield f"  {'':<{width}}  from {row['source']}{unit}"
    yield from _origins(found)
    if found.billed:
        yield "the greater of each paying subscription's last invoice and amount"
        yield from (f"  {_billed(row)}" for row in found.billed)
    if found.steps:
        yield "how MRR adds up"
        yield from _mrr(found.steps)
    if found.months:
        yield "MRR at the end of each month, newest first"
        yield from (f"  {_month(row)}" for row in found.months)
    if found.sent:
        yield "what went to the account store, newest first"
        yield from (f"  {_sent(row)}" for row in found.sent)


EMPTY: tuple[Any, ...] = (None, [], {})


def _origins(found: Explanation) -> Iterator[str]:
    if found.unknown_amount:
        yield f"MRR is not known because of {found.unknown_amount}: the account store keeps its own"
    for table, ids in found.sources.items():
        if ids:
            yield f"source rows in stripe.{table}: {', '.join(ids)}"


def _mrr(steps: list[dict[str, Any]]) -> Iterator[str]:
    for subscription, group in groupby(steps, key=lambda step: step["subscription_id"]):
        rows = list(group)
        chosen = "  (the account's, in single mode)" if rows[0]["is_chosen_subscription"] else ""
        yield f"  {subscription}{chosen}"
        for step in rows:
            yield f"    {_step(step):<64} {_cents(step['monthly_amount']):>14}"
    for currency, amount in sorted(_totals(steps).items()):
        yield f"  {'sum a month, ' + currency:<66} {_cents(amount):>14}"


def _step(step: dict[str, Any]) -> str:
    if step["component"] == "discount":
        return f"less {step['discount_name']}{_off(step)}"
    every = "" if step["interval_count"] == 1 else f"{step['interval_count']} "
    listed = f"{step['quantity']} x {step['plan_name']}: {text(step['list_amount'])}"
    excluded = f" (no MRR: {step['excluded_because']})" if step["excluded_because"] else ""
    period = f" per {every}{step['billing_interval']}" if step["billing_interval"] else ""
    return f"{listed}{period}{excluded}"


def _billed(row: dict[str, Any]) -> str:
    amounts = f"{text(row['last_invoice_amount'])}, {text(row['subscription_amount'])}"
    return f"{row['subscription_id']}: {amounts} {row['currency']}"


def _off(step: dict[str, Any]) -> str:
    if step["discount_percent_off"] is not None:
        return f" ({text(step['discount_percent_off'])} %)"
    if step["discount_amount_off"] is not None:
        return f" ({text(step['discount_amount_off'])})"
    return ""


def _month(row: dict[str, Any]) -> str:
    estimated = " (estimated)" if row["is_estimated"] else ""
    moved = f"{row['movement']} {_money(row['amount'])}" if row["movement"] else ""
    amount = f"{_money(row['mrr'])} {row['currency']}{estimated}"
    return f"{row['month']:%Y-%m}  {amount:>28}  {moved}".rstrip()


def _sent(row: dict[str, Any]) -> str:
    told = row["error"] or row["reply"]
    outcome = f"{row['status']}{': ' + told if told else ''}"
    whole = {
        "create": "created, all traits",
        "resync": "sent again, all traits",
        "update": "no trait: name or lifecycle",
    }
    change = whole.get(row["op"]) or f"{row['trait']}: {row['old']} -> {row['new']}"
    run = f"run {row['run_id']} (version {row['version']})"
    return f"{row['at']:%Y-%m-%d %H:%M:%S}  {run}  {change}  {outcome}"


def _totals(steps: list[dict[str, Any]]) -> dict[str, Decimal | None]:
    """By currency; None, as the trait, where a part is not known."""
    totals: dict[str, Decimal | None] = {}
    for step in steps:
        total, amount = totals.get(step["currency"], Decimal(0)), step["monthly_amount"]
        totals[step["currency"]] = None if total is None or amount is None else total + amount
    return totals


def _cents(amount: Decimal | None) -> str:
    return "unknown" if amount is None else _money(amount)


def _money(amount: Decimal) -> str:
    """Trailing zeros go, but not so that a fraction ends after one digit."""
    shortest = amount.normalize()
    whole, _, fraction = f"{shortest:,f}".partition(".")
    return f"{whole}.{fraction:0<2}" if fraction else whole


def text(value: Any) -> str:
    """A value as a person writes it; lists by commas."""
    if isinstance(value, Decimal):
        return _money(value)
    if isinstance(value, list):
        return ", ".join(text(element) for element in value)
    if isinstance(value, dict):
        return ", ".join(f"{key}: {text(element)}" for key, element in value.items())
    return "null" if value is None else in_line(str(value))
