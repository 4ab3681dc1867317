"""What is wrong now, as a list of problems: failed is apart from degraded.

Enters: Dagster's runs, the inbox, the published marts, the clock as `now`. Leaves: problems, each a
line with its remedy and without personal data. Who is told is decided in `alerts`.

failed     numbers stop moving: the last run of a job failed, nothing was refreshed in time
degraded   they move, and something is kept out: rejected accounts, values that nobody could read
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from dagster import DagsterInstance, DagsterRunStatus, RunsFilter

from orchestration.alert_rules.rules_file import WrongRules
from orchestration.alert_rules.rules_file import read as read_rules
from orchestration.configuration.settings import Settings
from orchestration.monitoring.checks import equals_full_build
from orchestration.monitoring.refreshed import refreshed_at
from orchestration.own_traits.problems import published as own_traits_problems
from orchestration.publication.marts import count_rows, names, reading
from orchestration.publication.sync_records import further_standings
from report.segments.definition import WrongSegment
from report.segments.segments_file import read
from reverse_sync.values.counted import counted

Level = Literal["degraded", "failed"]
ENDED = [DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE]

NOT_DONE = ("blocked", "failed", "interrupted")
NOT_JUDGED = "select segment, problem from segments where problem is not null order by segment"
MEND = "correct segments.yml (SEGMENTS_FILE); the next refresh judges"


@dataclass(frozen=True)
class Problem:
    """`key` stays the same for as long as it is the same problem."""

    key: str
    level: Level
    text: str
    remedy: str


# What a published table's rows mean for health: each row is one thing that is kept out.
KEPT_OUT = {
    "dead_letters": (
        "accounts parked after permanent refusals of the account store",
        "select * from dead_letters; mend the cause, then stripe-traits retry",
    ),
    "sync_invalid": (
        "accounts kept out of the account store",
        "select * from sync_invalid in marts.duckdb gives each reason",
    ),
    "quarantined_objects": (
        "Stripe's objects kept out because a required value is missing in every known shape",
        "select * from quarantined_objects; check STRIPE_API_VERSION, or update stripe-traits",
    ),
}


def problems(
    settings: Settings, instance: DagsterInstance, jobs: tuple[str, ...], *, now: datetime
) -> list[Problem]:
    """All problems, failures first; `now` is aware UTC."""
    found = [
        *_failed_runs(instance, jobs),
        *_stale(settings, now),
        *_kept_out(settings),
        *_differing(settings),
        *_segments(settings),
        *_own_traits(settings),
        *_alert_rules(settings),
        *_stores(settings),
    ]
    return sorted(found, key=lambda problem: (problem.level == "degraded", problem.key))


def _failed_runs(instance: DagsterInstance, jobs: tuple[str, ...]) -> Iterator[Problem]:
    for job in jobs:
        ended = instance.get_runs(RunsFilter(job_name=job, statuses=ENDED), limit=1)
        if ended and ended[0].status == DagsterRunStatus.FAILURE:
            yield Problem(
                f"run:{job}",
                "failed",
                f"the last run of {job} failed (run {ended[0].run_id})",
                "its log on Dagster's page names the cause; the next run goes on from there",
            )


def _stale(settings: Settings, now: datetime) -> Iterator[Problem]:
    refreshed = refreshed_at(settings.folder)
    # Noted by a clock that was ahead, it says nothing about today.
    if refreshed and abs(now - refreshed) > timedelta(hours=settings.freshness_hours):
        yield Problem(
            "freshness",
            "failed",
            f"nothing was refreshed since {refreshed:%Y-%m-%d %H:%M} UTC",
            "is Dagster's daemon running, are its schedules and sensors on, is the clock right?",
        )


def _kept_out(settings: Settings) -> Iterator[Problem]:
    if not settings.marts.exists():
        return
    with reading(settings.marts) as database:
        for name in sorted(KEPT_OUT.keys() & set(names(database))):
            if rows := count_rows(database, name):
                what, remedy = KEPT_OUT[name]
                yield Problem(f"kept_out:{name}", "degraded", f"{what}: {rows:,}", remedy)


def _differing(settings: Settings) -> Iterator[Problem]:
    """By what the last comparison with a full build found."""
    if not settings.marts.exists():
        return
    found = equals_full_build(settings)
    if found.verdict != "pass":
        yield Problem(
            "marts_differ",
            "degraded",
            f"{found.text}: {', '.join(found.counts)}",
            "stripe-traits sync --full builds all of them again; then reconcile --marts",
        )


def _alert_rules(settings: Settings) -> Iterator[Problem]:
    if not settings.alerts_file.exists():
        return
    try:
        read_rules(settings.alerts_file)
    except (WrongRules, OSError) as error:
        text = str(error).splitlines()[0]
        remedy = "stripe-traits check shows all; the next refresh judges"
        yield Problem("alerts:file", "degraded", f"alert rules are not judged: {text}", remedy)


def _own_traits(settings: Settings) -> Iterator[Problem]:
    if not settings.marts.exists():
        return
    with reading(settings.marts) as database:
        if found := own_traits_problems(database):
            more = f", and {len(found) - 1} more" if len(found) > 1 else ""
            text = f"own traits stay as they were: {found[0]}{more}"
            remedy = "mend the models of TRAITS_DIR; stripe-traits check shows all"
            yield Problem("own_traits", "degraded", text, remedy)


def _stores(settings: Settings) -> Iterator[Problem]:
    """Of each store of stores.yml what its last run left behind."""
    for name, store in further_standings(settings).items():
        run, standing = store.last_run or {}, store.standing
        if run.get("status") in NOT_DONE:
            text = f"the last delivery to store '{name}' is {run['status']}: {run['error'] or ''}"
            yield Problem(f"store:{name}", "failed", text, f"stripe-traits plan --to {name}")
        elif standing and (standing.dead_letters or standing.invalid):
            kept_out = counted(standing.dead_letters + standing.invalid, "account")
            text = f"kept out of store '{name}': {kept_out}"
            yield Problem(f"store:{name}", "degraded", text, f"stripe-traits plan --to {name}")


def _segments(settings: Settings) -> Iterator[Problem]:
    try:
        read(settings.segments_file)
    except (WrongSegment, OSError) as error:
        yield Problem("segments:file", "degraded", f"segments are not judged: {error}", MEND)
    if settings.marts.exists():
        with reading(settings.marts) as database:
            if "segments" in names(database):
                for name, problem in database.execute(NOT_JUDGED).fetchall():
                    text = f"segment '{name}' keeps the members that it had: {problem}"
                    yield Problem(f"segments:{name}", "degraded", text, MEND)
