"""What is published, how fresh it is, what is waiting, how the last runs ended.

Enters: the published marts, the inbox, Dagster's runs. Leaves: a `Status`, from which page, JSON
and metrics are made. Reads only.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from ingestion.inbox.cursors import BROKEN_FEED, COMPLETE, RETIRED
from ingestion.inbox.events_db import Inbox
from ingestion.inbox.latency import Latency
from orchestration.configuration.environment import WrongSettings
from orchestration.configuration.settings import Settings, revealed
from orchestration.dagster_local.last_run import EndedRun, ended_runs
from orchestration.monitoring.refreshed import refreshed_at
from orchestration.own_traits.problems import published as own_traits_problems
from orchestration.publication.marts import (
    mrr_now,
    reading,
    records,
    row_counts,
)
from orchestration.publication.store_standing import StoreStanding, standing_of
from orchestration.publication.sync_records import RUN_COLUMNS, FurtherStanding, further_standings

LAST_RUNS = 5

UNKNOWN_MRR = """
select account_id, unknown_amount from account_traits
where unknown_amount is not null order by account_id limit 10000
"""


@dataclass(frozen=True)
class StripeAccount:
    """One account at Stripe; `waiting` counts objects that an event named and no load has read."""

    stripe_account_id: str
    full_read_at: str | None
    waiting: int
    quarantined: list[str]
    missing: list[str]  # what rows name and Stripe does not give, with its reason
    not_read_since: str | None  # UTC; None while it is in the settings


@dataclass(frozen=True)
class Status:
    """`refreshed_at` (UTC): when a refresh last ended well, also one that found nothing to do."""

    published_at: datetime
    refreshed_at: datetime | None
    stripe_accounts: list[StripeAccount]
    marts: dict[str, int]
    mrr: dict[str, Decimal]
    mrr_not_linked: dict[str, Decimal | None]
    last_runs: list[dict[str, Any]]
    latency: Latency | None  # of the last refresh that brought events to the account store
    refused_events: dict[str, int]  # deliveries that are not for us, by reason
    history: list[str]
    account_store: StoreStanding
    unknown_mrr: dict[str, str]  # why the MRR of an account is not known; the store keeps its own
    jobs: list[EndedRun]
    stores: dict[str, FurtherStanding]  # those of stores.yml
    stores_problem: str | None  # why they are not known, if so
    own_traits: list[str]  # why those of TRAITS_DIR stay as they were, if so


def read_status(settings: Settings) -> Status:
    """Raises Unknown where nothing was published yet."""
    with reading(settings.marts) as database:
        marts = row_counts(database)
        mrr = mrr_now(database)
        runs = _last_runs(settings, marts)
        store = standing_of(database)
        unknown = records(database, UNKNOWN_MRR)
        own_traits = own_traits_problems(database)
        published = datetime.fromtimestamp(settings.marts.stat().st_mtime).astimezone()
    stores, problem = _stores(settings)
    with Inbox.open(settings.folder.inbox, read_only=True) as inbox:
        return Status(
            published_at=published,
            refreshed_at=refreshed_at(settings.folder),
            stripe_accounts=_stripe_accounts(inbox),
            marts=marts,
            mrr=mrr.of_accounts,
            mrr_not_linked=mrr.not_linked,
            last_runs=runs,
            latency=inbox.latency(),
            refused_events=inbox.refused(),
            history=_history(inbox),
            account_store=store,
            unknown_mrr=_unknown_mrr(unknown),
            jobs=ended_runs(settings.folder.dagster, revealed(settings.dagster_postgres_url)),
            stores=stores,
            stores_problem=problem,
            own_traits=own_traits,
        )


def _stores(settings: Settings) -> tuple[dict[str, FurtherStanding], str | None]:
    """What is wrong in stores.yml hides nothing of the rest."""
    try:
        return further_standings(settings), None
    except WrongSettings as error:
        return {}, str(error)


def _unknown_mrr(rows: list[dict[str, Any]]) -> dict[str, str]:
    return {row["account_id"]: row["unknown_amount"] for row in rows}


def _history(inbox: Inbox) -> list[str]:
    return [f"{at[:19]} UTC  {account}: {what}" for account, at, what in inbox.history(LAST_RUNS)]


def _stripe_accounts(inbox: Inbox) -> list[StripeAccount]:
    waiting = inbox.backlog()
    return [
        StripeAccount(
            account,
            inbox.position(account, COMPLETE),
            waiting.get(account, 0),
            [*inbox.quarantined(account), *filter(None, [inbox.position(account, BROKEN_FEED)])],
            inbox.missing(account),
            inbox.position(account, RETIRED) or None,
        )
        for account in inbox.accounts()
    ]


def _last_runs(settings: Settings, marts: dict[str, int]) -> list[dict[str, Any]]:
    if "sync_runs" not in marts:
        return []
    with reading(settings.marts) as database:
        return records(
            database,
            f"select {RUN_COLUMNS} from sync_runs order by version desc limit {LAST_RUNS}",
        )
