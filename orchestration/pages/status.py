"""`stripe-traits status` as a page of lines, or JSON.

Enters: a `Status`. Leaves: text on standard output. What is known is read elsewhere.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from rich.console import Console

from ingestion.inbox.latency import Latency
from orchestration.monitoring.status import Status, StripeAccount
from orchestration.pages.tables import table
from orchestration.publication.marts import amounts_text, not_linked_text
from orchestration.publication.store_standing import StoreStanding
from orchestration.publication.sync_records import FurtherStanding
from reverse_sync.values.counted import counted

SHOWN = 5
MINUTES_FROM, HOURS_FROM, DAYS_FROM = 120, 7_200, 172_800  # seconds


def print_status(console: Console, status: Status, *, as_json: bool) -> None:
    """The page, on standard output."""
    if as_json:
        console.print_json(json.dumps(asdict(status), default=str))
        return
    console.print(f"published      {status.published_at:%Y-%m-%d %H:%M:%S %Z}", highlight=False)
    for account in status.stripe_accounts:
        _print_account(console, account)
    if status.latency:
        line = _latency_line(status.latency)
        console.print(f"latency        {line}", highlight=False, soft_wrap=True)
    if status.refused_events:
        counts_by = ", ".join(f"{n:,} by {why}" for why, n in status.refused_events.items())
        console.print(f"refused        events that are not for us: {counts_by}", highlight=False)
    for currency, amount in status.mrr.items():
        console.print(f"MRR            {amounts_text({currency: amount})}", highlight=False)
    if status.marts.get("unlinked_customers"):
        unlinked = not_linked_text(status.marts["unlinked_customers"], status.mrr_not_linked)
        console.print(f"not linked     {unlinked}", highlight=False, soft_wrap=True)
    _print_unknown(console, status.unknown_mrr)
    for line in status.own_traits:
        said = f"own traits     stay as they were: {line}"
        console.print(said, style="red", markup=False, highlight=False, soft_wrap=True)
    counts = [{"mart": name, "rows": f"{rows:,}"} for name, rows in status.marts.items()]
    console.print(table(counts, title="marts"))
    _print_deliveries(console, status)


def _print_unknown(console: Console, unknown: dict[str, str]) -> None:
    shown = ", ".join(f"{account} ({why})" for account, why in list(unknown.items())[:SHOWN])
    rest = len(unknown) - SHOWN
    more = f", {rest:,} more: account_traits.unknown_amount" if rest > 0 else ""
    if unknown:
        console.print(
            f"MRR not known  of {counted(len(unknown), 'account')},"
            f" the account store keeps the one it has: {shown}{more}",
            highlight=False,
            soft_wrap=True,
        )


def _print_deliveries(console: Console, status: Status) -> None:
    for line in status.history:
        console.print(f"happened       {line}", highlight=False, soft_wrap=True)
    if "sync_runs" in status.marts:
        line = _standing_line(status.account_store)
        console.print(f"account store  {line}", highlight=False, soft_wrap=True)
    for run in status.last_runs:
        console.print(f"reverse-sync   {_run_line(run)}", highlight=False, soft_wrap=True)
    for line in (status.stores_problem or "").splitlines():
        console.print(f"stores         {line}", style="red", highlight=False, soft_wrap=True)
    for name, store in status.stores.items():
        for line in _store_lines(store):
            console.print(f"{f'store {name}':<14} {line}", highlight=False, soft_wrap=True)


def _store_lines(store: FurtherStanding) -> Iterator[str]:
    yield _standing_line(store.standing) if store.standing else "nothing was planned for it yet"
    if store.last_run:
        yield _run_line(store.last_run)


def _standing_line(store: StoreStanding) -> str:
    until = f" until {store.waiting_until:%Y-%m-%d %H:%M:%S} UTC" if store.waiting_until else ""
    undone = f", {store.undone:,} hold what 'undo' put back" if store.undone else ""
    return (
        f"{counted(store.waiting, 'change')} waiting{until},"
        f" {store.dead_letters:,} in the dead letters,"
        f" {counted(store.invalid, 'account')} kept out,"
        f" {store.drift:,} that differ (reconcile){undone}"
    )


def _print_account(console: Console, account: StripeAccount) -> None:
    console.print(f"Stripe         {_account_line(account)}", highlight=False, soft_wrap=True)
    _print_some(console, "quarantined", account.quarantined, "stripe.quarantine")
    _print_some(console, "missing", account.missing, "stripe.missing_objects")


def _print_some(console: Console, label: str, lines: list[str], table: str) -> None:
    rest = len(lines) - SHOWN
    for line in [*lines[:SHOWN], *([f"{rest:,} more: {table}"] if rest > 0 else [])]:
        console.print(f"{label:14} {line}", style="red", highlight=False, soft_wrap=True)


def _account_line(account: StripeAccount) -> str:
    if account.not_read_since:
        return (
            f"{account.stripe_account_id}: not in the settings, not read since"
            f" {account.not_read_since[:19]} UTC; its rows stay as they were"
        )
    read = f"{account.full_read_at[:19]} UTC" if account.full_read_at else "never"
    waiting = f"{counted(account.waiting, 'object')} that events named still to be read"
    return f"{account.stripe_account_id}: full read {read}, {waiting}"


def _latency_line(found: Latency) -> str:
    """Events can have waited for as long as nobody refreshed: told where that is the most of it."""
    median, slowest = found.median_seconds or 0.0, found.slowest_seconds or 0.0
    waited = found.since_last_seconds or 0.0
    why = f", {_span(waited)} after the refresh before it" if median < waited <= 2 * slowest else ""
    return (
        f"{counted(found.events, 'event')} took {_span(median)} to the account store (median),"
        f" the slowest {_span(slowest)}; {found.reached_at[:19]} UTC{why}"
    )


def _span(seconds: float) -> str:
    """In the unit that fits: 3 s, 12 min, 11.9 h, 3.0 days."""
    if abs(seconds) < MINUTES_FROM:
        return f"{seconds:,.0f} s"
    if abs(seconds) < HOURS_FROM:
        return f"{seconds / 60:,.0f} min"
    return (
        f"{seconds / 3600:,.1f} h" if abs(seconds) < DAYS_FROM else f"{seconds / 86_400:,.1f} days"
    )


def _run_line(run: dict[str, Any]) -> str:
    waiting = run["pending"] + (run["deferred"] or 0)
    counts = (
        f"{run['acknowledged']:,} acknowledged, {waiting:,} left waiting,"
        f" {run['rejected']:,} rejected"
    )
    passed = f", {run['overridden']} overridden" if run.get("overridden") else ""
    approved = f", approved by {run['approved_by']}" if run.get("approved_by") else ""
    error = f": {run['error']}" if run["error"] else ""
    told = f"{counts}{passed}{approved}{error}"
    return f"{run['as_of']:%Y-%m-%d %H:%M:%S} UTC  {run['status']}  {told}"
