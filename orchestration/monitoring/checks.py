"""What must be true of the published marts and of the account store, besides dbt's own tests.

Enters: the settings: marks, inbox and published copy. Leaves: verdicts in counts, without a
customer's data. When they are asked for, and what they stop, stands in `asset_checks`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import duckdb

from ingestion.inbox.events_db import Inbox
from orchestration.configuration.settings import Settings
from orchestration.publication.marts import has_ahead, names, reading

Verdict = Literal["pass", "warn", "fail"]
MOST_UNLINKED = 0.2  # of all customers: above that somebody should look
LATENCY_SECONDS = {True: 5.0, False: 600.0}  # at p95, by LIVE: else the poll's interval counts

LINKED = """
select (select count(*) from account_traits), (select count(*) from unlinked_customers)
"""
ACCOUNTS = """
select
    count(*) - count(distinct account_id),
    (
        select count(*) from (
            select account_id from mrr_breakdown union select account_id from subscriptions
        ) where account_id not in (select account_id from account_traits) {but}
    )
from account_traits
"""
# Of these account_traits says what the marts beside it do not know yet.
NOT_AHEAD = "and account_id not in (select account_id from publication.ahead)"
LAST_RUN = """
select selected - unchanged - sent - invalid - coalesce(blocked, 0) - coalesce(deferred, 0),
    sent - acknowledged - rejected - pending
from sync_runs where status <> 'running' order by version desc limit 1
"""
COMPARED_MARTS = "select mart, lacking_rows + surplus_rows from mart_comparisons order by mart"


@dataclass(frozen=True)
class Checked:
    """`fail` means wrong data, `warn` that somebody should look; `counts` say how much."""

    verdict: Verdict
    text: str
    counts: Mapping[str, int | float] = field(default_factory=dict)


def accounts_are_linked(settings: Settings) -> Checked:
    """No account at all, and customers: the key of the account's ID is a wrong one."""
    with reading(settings.marts) as database:
        accounts, unlinked = _row(database, LINKED)
    share = round(unlinked / (accounts + unlinked), 3) if unlinked else 0.0
    counts = {"accounts": accounts, "unlinked_customers": unlinked, "unlinked_share": share}
    if unlinked and not accounts:
        return Checked("fail", "no customer is linked: check ACCOUNT_ID_METADATA_KEY", counts)
    verdict: Verdict = "warn" if share > MOST_UNLINKED else "pass"
    return Checked(verdict, f"customers that are not linked to an account: {unlinked:,}", counts)


def accounts_conserve(settings: Settings) -> Checked:
    """One row an account, and none left out that has a subscription or MRR."""
    with reading(settings.marts) as database:
        but = NOT_AHEAD if has_ahead(database) else ""
        doubled, missing = _row(database, ACCOUNTS.format(but=but))
    found = {"doubled_accounts": doubled, "missing_accounts": missing}
    verdict: Verdict = "fail" if doubled or missing else "pass"
    return Checked(verdict, f"accounts doubled: {doubled:,}, missing: {missing:,}", found)


def counts_conserve(settings: Settings) -> Checked:
    """What the last delivery selected and sent is what became of it."""
    with reading(settings.marts) as database:
        row = _row(database, LAST_RUN) if "sync_runs" in names(database) else ()
    if not row:
        return Checked("pass", "nothing was delivered yet")
    lost, unanswered = row
    verdict: Verdict = "fail" if lost or unanswered else "pass"
    text = f"accounts without an outcome: {lost:,} of those selected, {unanswered:,} of those sent"
    return Checked(verdict, text, {"lost": lost, "unanswered": unanswered})


def latency(settings: Settings) -> Checked:
    """From Stripe's events to the account store, in the last refresh that brought any. An event
    that is older than the refresh before it was shown late by Stripe, and waited here since then;
    before the first refresh none waited here.
    """
    with Inbox.open(settings.folder.inbox) as inbox:
        found = inbox.latency()
    if found is None or found.p95_seconds is None:
        return Checked("pass", "no event was brought to the account store yet")
    bound = LATENCY_SECONDS[settings.live]
    waited = min(found.p95_seconds, found.since_last_seconds or 0)
    verdict: Verdict = "warn" if waited > bound else "pass"
    counts = {"p95_seconds": found.p95_seconds, "bound_seconds": bound, "events": found.events}
    text = f"p95 of {found.p95_seconds:,.1f} s, {waited:,.1f} s of it here; {bound:,.0f} s is good"
    return Checked(verdict, text, counts)


def no_drift(settings: Settings) -> Checked:
    """What the last comparison found otherwise in the account store than was acknowledged."""
    with reading(settings.marts) as database:
        known = "sync_drift" in names(database)
        query = "select kind, count(distinct account_id) from sync_drift group by 1 order by 1"
        counts = dict(database.execute(query).fetchall()) if known else {}
    drifted = sum(count for kind, count in counts.items() if kind != "extra")
    verdict: Verdict = "warn" if drifted else "pass"
    return Checked(verdict, f"accounts that hold something else than was sent: {drifted:,}", counts)


def equals_full_build(settings: Settings) -> Checked:
    """What the last comparison with a full build by dbt found."""
    with reading(settings.marts) as database:
        known = "mart_comparisons" in names(database)
        compared = dict(database.execute(COMPARED_MARTS).fetchall()) if known else {}
    if not compared:
        return Checked("pass", "not compared yet: nightly and reconcile --marts do")
    differing = {mart: rows for mart, rows in compared.items() if rows}
    verdict: Verdict = "warn" if differing else "pass"
    text = f"marts that differ from a full build: {len(differing):,} of {len(compared):,}"
    return Checked(verdict, text, differing)


def agrees_with_stripe(settings: Settings, stream: str) -> Checked:
    """What the last comparison with Stripe found (and repaired)."""
    with Inbox.open(settings.folder.inbox) as inbox:
        counts = inbox.compared(stream)
    if counts is None:
        return Checked("pass", "not compared yet: nightly and reconcile do")
    otherwise = counts["absent"] + counts["differing"] + counts["gone"]
    verdict: Verdict = "warn" if otherwise else "pass"
    return Checked(verdict, f"objects that differed from Stripe's, repaired: {otherwise:,}", counts)


def _row(database: duckdb.DuckDBPyConnection, query: str) -> tuple[int, ...]:
    row = database.execute(query).fetchone()
    return tuple(int(value or 0) for value in row) if row else ()


Check = Callable[[Settings], Checked]
OF_MARTS: tuple[Check, ...] = (accounts_are_linked, accounts_conserve)
