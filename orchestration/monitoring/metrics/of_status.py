"""What `status` knows, as metrics.

Enters: a `Status`. Leaves: metrics. What is not known has no sample. A label names a currency, a
job or a reason, never an account: who scrapes sees sums alone.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from ingestion.inbox.latency import Latency
from orchestration.monitoring.metrics.exposition import Metric, Sample, Value
from orchestration.monitoring.status import Status
from orchestration.publication.store_standing import StoreStanding

PREFIX = "stripe_traits_"


def metrics(status: Status) -> Iterator[Metric]:
    """All of them, in the order of the way."""
    yield _at("published", "When the marts were published", status.published_at)
    yield _at(
        "refreshed", "When a refresh last ended well, with or without news", status.refreshed_at
    )
    yield from _of_stripe(status)
    yield from _of_accounts(status)
    yield from _of_store(status.account_store)
    if status.last_runs:
        yield from _of_delivery(status.last_runs[0])
    if status.latency:
        yield from _of_latency(status.latency)
    yield from _of_jobs(status)


def _of_stripe(status: Status) -> Iterator[Metric]:
    accounts = status.stripe_accounts
    yield _one(
        "inbox_waiting_objects",
        "Objects that events named and no load has read",
        sum(one.waiting for one in accounts),
    )
    yield _one(
        "quarantined",
        "Kinds of objects and feeds that are kept out",
        sum(len(one.quarantined) for one in accounts),
    )
    yield _one(
        "missing",
        "Kinds of objects that rows name and Stripe does not give",
        sum(len(one.missing) for one in accounts),
    )
    yield _by("refused_events", "Deliveries that are not for us", "reason", status.refused_events)


def _of_accounts(status: Status) -> Iterator[Metric]:
    marts = status.marts
    yield _one("accounts", "Accounts with traits", marts.get("account_traits"))
    yield _one(
        "unlinked_customers", "Customers without an account's ID", marts.get("unlinked_customers")
    )
    yield _one(
        "unknown_mrr_accounts",
        "Accounts whose MRR is not known, 10000 at most",
        len(status.unknown_mrr),
    )
    yield _by("mrr", "MRR of all accounts, in major units a month", "currency", status.mrr)


def _of_store(store: StoreStanding) -> Iterator[Metric]:
    yield _one("store_waiting_accounts", "Accounts with a change that waits", store.waiting)
    yield _one("store_dead_letters", "Changes that the store refused for good", store.dead_letters)
    yield _one("store_invalid_accounts", "Accounts that cannot be sent", store.invalid)
    yield _one(
        "store_drifted_accounts", "Accounts that differed at the last comparison", store.drift
    )


def _of_delivery(run: dict[str, Any]) -> Iterator[Metric]:
    yield _at("last_delivery", "The as_of of the last run that sent something", run["as_of"])
    yield _one(
        "last_delivery_ok", "Whether it came to its end: 1 or 0", int(run["status"] == "done")
    )
    yield _one(
        "last_delivery_acknowledged_accounts", "Accounts that it brought", run["acknowledged"]
    )
    yield _one("last_delivery_rejected_accounts", "Accounts that were refused", run["rejected"])


def _of_latency(found: Latency) -> Iterator[Metric]:
    """Of the last refresh that brought events to the account store."""
    yield _one("latency_events", "Events that the last refresh with any brought", found.events)
    yield _one(
        "latency_median_seconds", "From event to account store, median", found.median_seconds
    )
    yield _one("latency_p95_seconds", "From event to account store, p95", found.p95_seconds)
    yield _one(
        "latency_slowest_seconds", "From event to account store, slowest", found.slowest_seconds
    )


def _of_jobs(status: Status) -> Iterator[Metric]:
    ended = {run.job: run.ended_at.timestamp() for run in status.jobs}
    ok = {run.job: int(run.ok) for run in status.jobs}
    yield _by("last_run_timestamp_seconds", "When the last run of a job ended", "job", ended)
    yield _by("last_run_ok", "Whether it ended well: 1 or 0", "job", ok)


def _one(name: str, told: str, value: Value | None) -> Metric:
    samples = () if value is None else (Sample(value),)
    return Metric(PREFIX + name, told, samples)


def _at(name: str, told: str, moment: datetime | None) -> Metric:
    aware = moment and (moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    return _one(f"{name}_timestamp_seconds", told, aware.timestamp() if aware else None)


def _by(name: str, told: str, label: str, values: Mapping[str, Value]) -> Metric:
    samples = (Sample(value, {label: key}) for key, value in values.items())
    return Metric(PREFIX + name, told, tuple(samples))
