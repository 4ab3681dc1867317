"""What became of a delivery, in words: the same in each command, in a Dagster run and in `live`.

Enters: a result of the reverse-sync, or what the published copy says of the account store. Leaves:
lines. Every account of the model is in one of the numbers: created, updated, unchanged, waiting,
rejected, kept out, in the dead letters.
"""

from collections.abc import Iterator
from datetime import datetime

from orchestration.publication.store_standing import StoreStanding
from reverse_sync.deliver.result import SyncResult
from reverse_sync.values.counted import counted

Line = tuple[str, str]  # a title and what it says


def counts_line(result: SyncResult) -> str:
    """What the store has acknowledged, and what it has not, if so."""
    churned = f" ({result.churns:,} of them churned)" if result.churns else ""
    waiting = f" {result.waiting:,} waiting," if result.waiting else ""
    return (
        f"{result.creates:,} created, {result.updates:,} updated{churned},"
        f" {result.unchanged:,} unchanged,{waiting} {result.rejected:,} rejected"
    )


def remarks(result: SyncResult) -> Iterator[Line]:
    """What waits for somebody, then what waits for a moment."""
    yield from _kept_out(result.invalid)
    for count, title, text in (
        (
            result.rejected,
            "Rejected",
            "refused by the store, each with its answer: sync_changelog, 'stripe-traits retry'",
        ),
        (result.blocked, "Dead letters", "still in the dead letters: 'stripe-traits retry'"),
    ):
        if count:
            yield title, f"{count:,} {text}"
    if result.waiting:
        yield "Waiting", waiting_text(result.waiting, result.waiting_until, result.why_waiting)


def result_lines(result: SyncResult) -> Iterator[str]:
    """The same as plain lines."""
    yield counts_line(result)
    yield from (f"{title}: {text}" for title, text in remarks(result))


def cycle_line(result: SyncResult | None) -> str:
    """The same in a line of many: what the store has taken, and what it has not."""
    if result is None:
        return "0 accounts sent"
    until = f" until {result.waiting_until:%H:%M:%S} UTC" if result.waiting_until else ""
    rest = [
        text
        for count, text in (
            (result.waiting, f"{result.waiting:,} waiting{until}"),
            (result.rejected, f"{result.rejected:,} rejected"),
        )
        if count
    ]
    return ", ".join([f"{counted(result.acknowledged, 'account')} sent", *rest])


def standing_lines(standing: StoreStanding) -> Iterator[Line]:
    """Where nothing was to be sent: how far the account store is from the marts, and why."""
    true = standing.is_true
    yield "Account store", "true to the marts already" if true else "nothing is to be sent now"
    yield from _kept_out(standing.invalid)
    for count, title, text in (
        (standing.undone, "Undone", "hold what 'undo' put back, until the next build"),
        (standing.dead_letters, "Dead letters", "still in the dead letters: 'stripe-traits retry'"),
    ):
        if count:
            yield title, f"{count:,} {text}"
    if standing.waiting:
        yield "Waiting", waiting_text(standing.waiting, standing.waiting_until)


def _kept_out(count: int) -> Iterator[Line]:
    if count:
        yield "Kept out", f"{counted(count, 'account')}, each with its reason: sync_invalid"


def waiting_text(count: int, until: datetime | None, why: str | None = None) -> str:
    """How many, until when, and what brings them."""
    moment = f" until {until:%Y-%m-%d %H:%M:%S} UTC" if until else ""
    reason = f" ({why})" if why else ""
    next_one = "the next sync after that" if until else "the next sync"
    return f"{counted(count, 'account')}{moment}{reason}: sent by {next_one}, named by sync_backlog"
