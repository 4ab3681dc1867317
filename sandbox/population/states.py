"""Stripe's objects of a `Life` at any moment: the subscription, and each invoice at each stage.

Enters: the life, its bills. Leaves: objects as they were then, so that events can show them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sandbox import builders
from sandbox.population.ledger import Bill, stages
from sandbox.population.life import DAY, EXPIRES, HOUR, RETRIES, RETRY_DAYS, Life, Part, period
from sandbox.shapes import Json

Snapshot = tuple[int, Json]
# What Stripe's portal offers as a reason, and what some write beside it.
FEEDBACK = (
    ("too_expensive", "The price went up and we did not grow."),
    ("missing_features", "We need single sign-on."),
    ("switched_service", "Our new owner has a tool of its own."),
    ("unused", None),
    ("too_complex", "Nobody but me could set it up."),
    ("customer_service", None),
    (None, None),
)


@dataclass(frozen=True)
class Told:
    """A life with what the ledger made of it."""

    life: Life
    bills: Sequence[Bill]
    used: dict[str, int]  # discounts for one use, and when they were used up
    customer: Json


def subscription(told: Told, moment: int) -> Json:
    """The subscription as it was at a moment."""
    life, status = told.life, told.life.status(moment)
    asked = life.end is not None and life.end_asked is not None and moment >= life.end_asked
    ended = status == "canceled"
    paid_by = "send_invoice" if life.pays_by_invoice else "charge_automatically"
    result = builders.subscription(
        id=life.id,
        customer=life.customer,
        status=status,
        created=life.start,
        items=[_item(told, part, moment) for part in life.parts_at(moment)],
        discounts=_shown(life.discounts, told, moment),
        trial_start=life.start if life.trial_end else None,
        trial_end=life.trial_end,
        ended_at=life.start + EXPIRES if status == "incomplete_expired" else None,
        pause_collection=_held(life, moment),
        default_payment_method=life.payment_method,
        latest_invoice=_latest(told, moment),
        flexible=life.flexible,
        collection_method=paid_by,
        days_until_due=30 if life.pays_by_invoice else None,
    )
    if asked or ended:
        result["canceled_at"] = life.end_asked if asked else life.end
        result["cancellation_details"] |= _why(life)
        result["cancel_at_period_end"] = life.at_period_end and not life.flexible
        result["cancel_at"] = life.end if life.at_period_end else None
    if ended:
        result["ended_at"] = life.end
    result["billing_cycle_anchor"] = life.anchor_at(moment)
    result["automatic_tax"] |= _taxed(life)
    return result


def _why(life: Life) -> Json:
    if life.end_reason != "cancellation_requested":
        return {"reason": life.end_reason}
    feedback, comment = FEEDBACK[life.pulse % len(FEEDBACK)]
    wrote = life.pulse % 2 == 0
    return {"reason": life.end_reason, "feedback": feedback, "comment": comment if wrote else None}


def moments(told: Told, now: int) -> list[int]:
    """When the subscription changed, up to now."""
    life = told.life
    times = {life.start, life.trial_end, life.changed_at, life.end_asked, life.end}
    times |= {life.held_from, life.paused_at}
    times |= {bill.at for bill in told.bills}
    if life.fails_from is not None:
        times |= {life.fails_from + HOUR, life.fails_from + RETRIES}
    if life.first_fails:
        times.add(life.start + EXPIRES)
    return sorted(time for time in times if time is not None and time <= now)


def invoices(told: Told, now: int, since: int) -> Iterator[list[Snapshot]]:
    """Of every invoice its states: those reached after `since`, the one before, the last."""
    before: int | None = None
    for bill in told.bills:
        steps = list(stages(told.life, bill, now))
        old = [i for i, (at, _) in enumerate(steps) if at < since]
        kept = range(old[-1] if old else 0, len(steps))
        yield [(steps[i][0], _invoice(told, bill, steps[: i + 1], before)) for i in kept]
        before = bill.at


def _invoice(told: Told, bill: Bill, steps: Sequence[tuple[int, str]], before: int | None) -> Json:
    life, status = told.life, steps[-1][1]
    times = {name: at for at, name in reversed(steps)}
    final = next((at for at, name in steps if name != "draft"), None)
    prefix = told.customer["invoice_prefix"]
    result = builders.invoice(
        id=f"in_{life.customer.removeprefix('cus_')}{bill.number:04d}",
        customer=life.customer,
        subscription=life.id,
        status=status,
        lines=bill.lines,
        currency=life.parts[0].price["currency"],
        created=bill.at,
        finalized_at=final,
        paid_at=times.get("paid"),
        voided_at=times.get("void"),
        marked_uncollectible_at=times.get("uncollectible"),
        period_start=bill.at if before is None else before,
        period_end=bill.at,
        billing_reason=bill.reason,
        customer_email=told.customer["email"],
        customer_name=told.customer["name"],
        collection_method="send_invoice" if life.pays_by_invoice else "charge_automatically",
        due_date=bill.at + 30 * DAY if life.pays_by_invoice else None,
    )
    if status != "draft":
        result["number"] = f"{prefix}-{bill.number:04d}"
    if status in ("open", "uncollectible") and not life.pays_by_invoice:
        result |= _attempts(steps)
    if life.taxed:
        result["automatic_tax"] |= {**_taxed(life), "provider": "stripe", "status": "complete"}
    return result


def _attempts(steps: Sequence[tuple[int, str]]) -> Json:
    """How often it was charged in vain, and when it is tried again."""
    tried = [at for at, name in steps if name == "open"]
    waits = RETRY_DAYS[len(tried) - 1 : len(tried)] if steps[-1][1] == "open" else ()
    return {
        "attempt_count": len(tried),
        "attempted": bool(tried),
        "next_payment_attempt": next((tried[-1] + days * DAY for days in waits), None),
    }


def _item(told: Told, part: Part, moment: int) -> Json:
    life = told.life
    at = moment if life.stop is None else max(life.start, min(moment, life.stop - 1))
    trial = at < life.anchor
    span = (life.start, life.anchor) if trial else period(part, life.anchor_at(at), at)
    return builders.item(
        id=part.id,
        price=part.price,
        quantity=part.quantity,
        current_period_start=span[0],
        current_period_end=span[1],
        created=life.start,
        discounts=_shown(part.discounts, told, moment),
    )


def _shown(discounts: Sequence[Json], told: Told, moment: int) -> list[Json]:
    return [
        one
        for one in discounts
        if one["start"] <= moment and told.used.get(one["id"], moment + 1) > moment
    ]


def _held(life: Life, moment: int) -> str | None:
    return life.held_how if life.held_from is not None and moment >= life.held_from else None


def _latest(told: Told, moment: int) -> str | None:
    number = max((bill.number for bill in told.bills if bill.at <= moment), default=None)
    if number is None:
        return None
    return f"in_{told.life.customer.removeprefix('cus_')}{number:04d}"


def _taxed(life: Life) -> Json:
    return {"enabled": True, "liability": {"account": None, "type": "self"}} if life.taxed else {}
