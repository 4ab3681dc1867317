"""What one Dagster run was asked for: read from its tags, the same for all of its assets.

Enters: a context. Leaves: `as_of` and whether everything is read. A run without the tag is as of
its own start, so that all of its steps agree, and a repeated run can be given the same moment.
"""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dagster import AssetExecutionContext

AS_OF = "stripe_traits/as_of"
FULL = "stripe_traits/full"
RECONCILE = "stripe_traits/reconcile"
NIGHTS = 7  # that compare the whole account with Stripe
OVERRIDE = "stripe_traits/override"


def run_tags(
    *, as_of: datetime | None, full: bool, overridden: frozenset[str] = frozenset()
) -> dict[str, str]:
    """Tags of a run; `as_of` is timezone-aware, `overridden` guards do not count for this run."""
    moment = {AS_OF: as_of.astimezone(UTC).isoformat()} if as_of else {}
    guards = {OVERRIDE: ",".join(sorted(overridden))} if overridden else {}
    return {**moment, **guards, FULL: str(full).lower()}


def as_of(context: "AssetExecutionContext") -> datetime:
    """The run's `as_of`, UTC."""
    given = context.run.tags.get(AS_OF)
    return datetime.fromisoformat(given).astimezone(UTC) if given else _created(context)


def moment(context: "AssetExecutionContext") -> datetime:
    """Now by the run's own clock, UTC: its `as_of` and the time that has passed since it began."""
    return as_of(context) + (datetime.now(UTC) - _created(context))


def _created(context: "AssetExecutionContext") -> datetime:
    record = context.instance.get_run_record_by_id(context.run.run_id)
    if record is None:
        raise LookupError(f"run {context.run.run_id} is not in Dagster's storage; start it again")
    created: datetime = record.create_timestamp
    return created.astimezone(UTC)


def is_full(context: "AssetExecutionContext") -> bool:
    return context.run.tags.get(FULL) == "true"


def reconcile_tags() -> dict[str, str]:
    """Tags of a run that also compares a part of Stripe's objects with the landed ones."""
    return {RECONCILE: "true"}


def share(context: "AssetExecutionContext") -> tuple[int, int] | None:
    """Which part this run compares: another one each day of the week; None: it does not."""
    if context.run.tags.get(RECONCILE) != "true":
        return None
    return as_of(context).isoweekday(), NIGHTS


def overridden(context: "AssetExecutionContext") -> frozenset[str]:
    """The guards that do not count for this run."""
    given = context.run.tags.get(OVERRIDE, "")
    return frozenset(name for name in given.split(",") if name)
