"""When everything is read again, and whether an interrupted full read may go on.

Enters: what is known of the last reads, and the time. Leaves: a decision with its reason. Nothing
is read here.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

RETENTION = timedelta(days=30)  # how long Stripe keeps events
MARGIN = timedelta(days=1)
FRESH = timedelta(days=1)  # how old the beginning of a full read that was asked for may be


@dataclass(frozen=True)
class Form:
    """What rows look like: Stripe's API version and our landing tables; None: not known."""

    pin: str | None
    shape: str | None


@dataclass(frozen=True)
class Known:
    """Of one Stripe account: when a full read was complete or began (our clock), until when all
    events were read (Stripe's clock), in which form. Naive UTC."""

    complete: datetime | None
    began: datetime | None
    polled: datetime | None
    form: Form


@dataclass(frozen=True)
class FullReadReason:
    """Why everything is read, and whether what an interrupted full read has brought still counts.

    `gap`: events were lost for good, so that the old cursor leads nowhere.
    """

    why: str
    resumes: bool = False
    gap: bool = False


def full_read_reason(
    known: Known, *, asked: bool, now: datetime, stripe_now: datetime | None, form: Form
) -> FullReadReason | None:
    """None: the changes are enough. `now` is our clock, `stripe_now` Stripe's; naive UTC."""
    lost = _lost(known, stripe_now or now)
    other = _other_form(known.form, form)
    why = lost or other or ("it was asked for" if asked else None)
    if known.began:
        stale = asked and now - known.began > FRESH
        if not (lost or other or stale):
            return FullReadReason("an interrupted one goes on", resumes=True)
        return FullReadReason(f"an interrupted one is too old: {why}", gap=bool(lost))
    if not known.complete:
        return FullReadReason(lost or "it is the first one", gap=bool(lost))
    return FullReadReason(why, gap=bool(lost)) if why else None


def _other_form(before: Form, today: Form) -> str | None:
    if before.pin is None:
        return None
    if before.pin != today.pin:
        return f"the API version was {before.pin} and is {today.pin}"
    if before.shape != today.shape:
        return "this version of stripe-traits lands more, or otherwise, than the one before"
    return None


def _lost(known: Known, stripe_now: datetime) -> str | None:
    """Events that Stripe no longer keeps were never read."""
    if known.polled is None or stripe_now - known.polled <= RETENTION - MARGIN:
        return None
    days = (stripe_now - known.polled).days
    return f"events were last read {days} days ago, and Stripe keeps them for {RETENTION.days}"
