"""What a refresh did, for people and for programs.

Enters: what Dagster's runs have made, the published marts, and why the account store was away, if
it was. Leaves: a few lines, or JSON. What waits stands in the last line.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import Any

from rich.console import Console

from orchestration.configuration.settings import Settings
from orchestration.pages.asset_metadata.delivery_metadata import from_metadata
from orchestration.pages.delivery_lines import Line, counts_line, remarks, standing_lines
from orchestration.publication.delivery_due import delivery_due
from orchestration.publication.marts import (
    amounts_text,
    mrr_now,
    not_linked_text,
    reading,
    records,
    row_counts,
)
from orchestration.publication.store_standing import StoreStanding, standing_of
from reverse_sync.deliver.result import SyncInterrupted, SyncResult
from reverse_sync.guards import Blocked
from reverse_sync.stores.account_store import AccountStoreError
from reverse_sync.values.counted import counted

ACCOUNT_STORE, STORES = "account_store", "account_stores/"
FAILED_STORES = "failed_stores"  # no asset: why stores are not brought all the way, by name
LANDED = ("customers", "subscriptions", "invoices")
ISSUES = "select severity, count(*) as issues from data_quality_issues group by severity order by 1"


@dataclass(frozen=True)
class SyncSummary:
    """Rows merged by landing table, rows by mart, MRR by currency (major units) of the accounts and
    of what is in none, causes of doubt by severity, the delivery's numbers.

    `account_store` is how far the store is from the marts now, `owed` why it is to be looked at
    again, `failure` why the delivery did not end, `blocked_by` the guards that stopped it, and
    `result` how far it came; None: there is nothing to tell.
    """

    full: bool
    why_full: str
    seconds: float
    landed: dict[str, int]
    marts: dict[str, int]
    mrr: dict[str, Decimal]
    mrr_not_linked: dict[str, Decimal | None]
    issues: dict[str, int]
    account_store: StoreStanding
    owed: str | None
    failure: str | None
    result: SyncResult | None
    delivered: dict[str, Any] = field(default_factory=dict)
    stores: dict[str, SyncResult] = field(default_factory=dict)  # those of stores.yml
    stores_failed: dict[str, str] = field(default_factory=dict)
    blocked_by: tuple[str, ...] = ()


def of_sync(
    made: Mapping[str, Mapping[str, Any]],
    settings: Settings,
    *,
    failed: AccountStoreError | None = None,
) -> SyncSummary:
    """Read off what the runs have made; nothing where nothing had changed."""
    landed = {
        name.removeprefix("stripe/"): values
        for name, values in made.items()
        if name.startswith("stripe/")
    }
    with reading(settings.marts) as database:
        counts, mrr = row_counts(database), mrr_now(database)
        issues = records(database, ISSUES)
        standing, owed = standing_of(database), delivery_due(settings)
    result = _result(made, failed)
    told = made.get(ACCOUNT_STORE, {})
    numbers = {name: value for name, value in told.items() if isinstance(value, int | float)}
    return SyncSummary(
        full=any(values["full_read"] for values in landed.values()),
        why_full=next((values["why_full"] for values in landed.values()), ""),
        seconds=max((values["seconds"] for values in landed.values()), default=0.0),
        landed={name: values["rows_merged"] for name, values in landed.items()},
        marts=counts,
        mrr=mrr.of_accounts,
        mrr_not_linked=mrr.not_linked,
        issues={row["severity"]: row["issues"] for row in issues},
        account_store=standing,
        owed=owed,
        failure=str(failed) if failed else None,
        result=result,
        delivered=numbers | (result.figures() if result else {}),
        stores={
            name.removeprefix(STORES): from_metadata(values)
            for name, values in made.items()
            if name.startswith(STORES)
        },
        stores_failed=dict(made.get(FAILED_STORES, {})),
        blocked_by=_guards(failed),
    )


def _result(
    made: Mapping[str, Mapping[str, Any]], failed: AccountStoreError | None
) -> SyncResult | None:
    if isinstance(failed, SyncInterrupted):
        return failed.result
    return from_metadata(made[ACCOUNT_STORE]) if ACCOUNT_STORE in made else None


def _guards(failed: AccountStoreError | None) -> tuple[str, ...]:
    """Each once."""
    tripped = failed.trips if isinstance(failed, Blocked) else ()
    return tuple(dict.fromkeys(trip.guard for trip in tripped))


def print_sync(console: Console, summary: SyncSummary, *, as_json: bool) -> None:
    """The summary, on standard output."""
    if as_json:
        told = {name: value for name, value in asdict(summary).items() if name != "result"}
        told["stores"] = {name: result.figures() for name, result in summary.stores.items()}
        console.print_json(json.dumps(told, default=str))
        return
    for title, text in _lines(summary):
        console.print(f"[bold]{title:<14}[/bold] {text}", soft_wrap=True, highlight=False)


def _lines(summary: SyncSummary) -> Iterator[Line]:
    read = sum(summary.landed.values())
    how = f"everything ({summary.why_full})" if summary.full else "the changes"
    counts = ", ".join(f"{summary.landed.get(name, 0):,} {name}" for name in LANDED)
    stripe = f"read {how} in {summary.seconds} s: {counts}; {counted(read, 'row')} in all"
    yield "Stripe", stripe if summary.landed else "nothing changed"
    accounts, subscriptions = (summary.marts[name] for name in ("account_traits", "subscriptions"))
    yield "Traits", f"{counted(accounts, 'account')} from {counted(subscriptions, 'subscription')}"
    yield "MRR", amounts_text(summary.mrr) or "none"
    first, *others = _delivery(summary)
    yield first
    yield from _stores(summary)
    yield from _doubts(summary)
    yield from others


def _delivery(summary: SyncSummary) -> Iterator[Line]:
    """What became of the accounts; what waits is the last of it."""
    if summary.result:
        yield "Account store", counts_line(summary.result)
        yield from remarks(summary.result)
    elif summary.failure:
        yield "Account store", f"nothing was sent: {_why_not(summary)}"
    else:
        yield from standing_lines(summary.account_store)


def _why_not(summary: SyncSummary) -> str | None:
    if summary.blocked_by:
        return f"blocked by a guard: {', '.join(summary.blocked_by)} ('stripe-traits plan')"
    return summary.owed or summary.failure


def _stores(summary: SyncSummary) -> Iterator[Line]:
    """Those that were brought something, and those that were to be."""
    for name, result in summary.stores.items():
        yield f"Store {name}", counts_line(result)
        for title, text in remarks(result):
            yield title, f"{text} of store '{name}' (stripe-traits plan --to {name})"
    for name, why in summary.stores_failed.items():
        if name not in summary.stores:
            yield f"Store {name}", f"nothing was sent: {why}"


def _doubts(summary: SyncSummary) -> Iterator[Line]:
    if customers := summary.marts.get("unlinked_customers"):
        unlinked = not_linked_text(customers, summary.mrr_not_linked)
        yield "Not linked", f"{unlinked}: marts.unlinked_customers"
    if summary.issues:
        issues = ", ".join(f"{number:,} {severity}" for severity, number in summary.issues.items())
        yield "Data quality", f"{issues}: marts.data_quality_issues"
