"""How long events take to the account store: by the clock that was passed in, and only once."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from local_stripe import NOW
from pipeline import AS_OF, Pipeline
from webhook_receiver import event

from ingestion.inbox.events_db import Inbox
from ingestion.inbox.latency import Latency
from orchestration.monitoring.checks import latency
from orchestration.pages.status import _latency_line

ACCOUNT = "acct_1"
STARTED = datetime(2025, 1, 1, tzinfo=UTC).replace(tzinfo=None)


def at(seconds: int) -> datetime:
    return datetime.fromtimestamp(NOW + seconds, UTC)


def loaded(inbox: Inbox, *numbers: int, when: int) -> None:
    """Events that come and are read, `when` seconds after the start of this machine's clock."""
    moment = STARTED + timedelta(seconds=when)
    inbox.append(ACCOUNT, [event(n, created=NOW + n) for n in numbers], received_at=moment)
    done = [("customers", f"cus_{n}") for n in numbers]
    inbox.settle(ACCOUNT, done, read_from=moment)


def test_latency_counts_from_the_event_to_the_store(tmp_path: Path) -> None:
    with Inbox.open(tmp_path / "events.db") as inbox:
        loaded(inbox, 1, 2, 3, when=10)
        found = inbox.measure(reached_at=at(100), loaded_until=STARTED + timedelta(seconds=20))
        assert found == Latency(at(100).isoformat(), 3, 98.0, 98.0, 99.0)
        assert inbox.latency() == found


def test_status_tells_long_waits_in_hours_and_since_when_nobody_refreshed() -> None:
    soon = Latency("2025-06-15T00:00:00", 4, 3.0, 4.0, 5.0, since_last_seconds=30.0)
    assert _latency_line(soon) == (
        "4 events took 3 s to the account store (median), the slowest 5 s; 2025-06-15T00:00:00 UTC"
    )
    late = Latency("2025-06-16T00:00:00", 53, 42_856.0, 80_000.0, 86_000.0, 86_400.0)
    assert _latency_line(late) == (
        "53 events took 11.9 h to the account store (median), the slowest 23.9 h;"
        " 2025-06-16T00:00:00 UTC, 24.0 h after the refresh before it"
    )


def test_event_counts_once_and_a_load_after_the_marts_counts_later(tmp_path: Path) -> None:
    with Inbox.open(tmp_path / "events.db") as inbox:
        loaded(inbox, 1, when=10)
        loaded(inbox, 2, when=30)
        until = STARTED + timedelta(seconds=20)
        assert inbox.measure(reached_at=at(60), loaded_until=until).events == 1
        inbox.replay(since=0)
        loaded(inbox, 1, 2, when=40)
        until = STARTED + timedelta(seconds=50)
        second = inbox.measure(reached_at=at(70), loaded_until=until)
        assert (second.events, second.slowest_seconds) == (1, 68.0)
        none = inbox.measure(reached_at=at(80), loaded_until=until)
        assert (none.events, none.median_seconds) == (0, None)
        assert inbox.latency() == second


def test_clock_that_is_behind_stripes_gives_a_negative_latency(tmp_path: Path) -> None:
    with Inbox.open(tmp_path / "events.db") as inbox:
        loaded(inbox, 1, when=10)
        found = inbox.measure(reached_at=at(-100), loaded_until=STARTED + timedelta(seconds=20))
        assert found.median_seconds == -101.0


def test_every_refresh_measures_by_its_own_clock(refreshed: Pipeline) -> None:
    """`as_of` is the sandbox's now: the wall clock is far from it."""
    store = refreshed.stripe.store
    store.update("customer", "cus_one", {"name": "Renamed"}, now=NOW - 60)
    counts = refreshed.sync(as_of=AS_OF)
    assert counts["events_delivered"] == 1
    assert 60 <= counts["latency_median_seconds"] < 600


def test_what_stripe_showed_late_did_not_wait_here(pipeline: Pipeline) -> None:
    """The check looks at what waited here: since the refresh before it at the longest."""
    pipeline.settings  # noqa: B018  (makes the folder)
    day = timedelta(days=1)
    for first, since_last, verdict in ((True, 5, "pass"), (False, 5, "pass"), (False, 700, "warn")):
        inbox_file = pipeline.folder / "events.db"
        inbox_file.unlink(missing_ok=True)
        with Inbox.open(inbox_file) as inbox:
            if not first:
                inbox.measure(
                    reached_at=at(0) + day - timedelta(seconds=since_last), loaded_until=STARTED
                )
            loaded(inbox, 1, when=10)
            inbox.measure(reached_at=at(0) + day, loaded_until=STARTED + timedelta(seconds=20))
        assert latency(pipeline.settings).verdict == verdict, (first, since_last)
