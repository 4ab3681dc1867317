"""A plan, and what became of one, as lines or JSON.

Enters: a preview or a result of the reverse-sync. Leaves: text. Values are shown as the JSON that
is sent.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict

from rich.console import Console

from orchestration.pages.delivery_lines import result_lines
from reverse_sync import guards
from reverse_sync.deliver.result import SyncResult
from reverse_sync.plan.preview import Preview, Row, TraitChange
from reverse_sync.values.counted import counted

CHANGES_SHOWN = 12
# What these say is mended first: nobody should be led to send past them.
UPSTREAM = frozenset(guards.UPSTREAM)


def print_plan(
    console: Console, found: Preview, *, as_json: bool, limit: int, to: str | None = None
) -> None:
    """The plan; at most `limit` accounts as lines, all of them as JSON. `to`: a further store."""
    if as_json:
        console.print_json(json.dumps(_as_json(found), default=str))
        return
    for line in plan_lines(found, limit=limit, to=to):
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def plan_lines(found: Preview, *, limit: int, to: str | None = None) -> Iterator[str]:
    """Counts, accounts, skips, guards, and what to type next."""
    plan = found.plan
    yield (
        f"plan {found.digest}: {plan.creates:,} creates, {plan.updates - plan.churns:,} updates,"
        f" {plan.churns:,} churns, {found.deletes:,} deletes, {len(found.skips):,} skips;"
        f" unchanged: {plan.unchanged:,} of {counted(plan.selected, 'account')}"
    )
    for row in found.rows[:limit]:
        yield from _row_lines(row)
    if len(found.rows) > limit:
        yield f"... and {counted(len(found.rows) - limit, 'more account')} (--limit, --json)"
    for skip in found.skips[:limit]:
        yield f"skip    {skip.account_id or '(no id)'}: {skip.reason}"
    if len(found.skips) > limit:
        yield f"... and {counted(len(found.skips) - limit, 'more skip')}"
    for trip in found.trips:
        yield f"blocked by a guard: {trip.line}"
    if found.rows and UPSTREAM.isdisjoint(_names(found)):
        overrides = "".join(f" --override {name}" for name in _names(found))
        store = f" --to {to}" if to else ""
        approved = " --approved-by NAME" if any(trip.approval for trip in found.trips) else ""
        yield f"send it: stripe-traits apply --plan {found.digest}{store}{overrides}{approved}"


def _names(found: Preview) -> list[str]:
    return sorted({trip.guard for trip in found.trips})


def _row_lines(row: Row) -> Iterator[str]:
    turn = "" if row.kind == "create" else _turn("status", row.status_before, row.status_after)
    money = _turn("mrr", row.mrr_before, row.mrr_after)
    sent = f", {counted(row.traits, 'trait')}" if row.kind == "create" else ""
    kept = f", mrr {row.mrr_after or 'none'} stays: {row.unknown_amount} is not known"
    money += kept if row.unknown_amount else ""
    yield f"{row.kind:<7} {row.account_id}{sent}{turn}{money}"
    for change in row.changes[:CHANGES_SHOWN]:
        yield f"          {_change(change)}"
    if len(row.changes) > CHANGES_SHOWN:
        yield f"          ... and {len(row.changes) - CHANGES_SHOWN} more traits"


def _change(change: TraitChange) -> str:
    return f"{change.trait}: {change.old or 'null'} -> {change.new or 'null'}"


def _turn(name: str, before: str | None, after: str | None) -> str:
    return "" if before == after else f", {name} {before or 'none'} -> {after or 'none'}"


def _as_json(found: Preview) -> dict[str, object]:
    plan = found.plan
    return {
        "digest": found.digest,
        "creates": plan.creates,
        "updates": plan.updates - plan.churns,
        "churns": plan.churns,
        "deletes": found.deletes,
        "selected": plan.selected,
        "unchanged": plan.unchanged,
        "invalid": len(plan.invalid),
        "blocked": plan.blocked,
        "deferred": plan.deferred,
        "guards": [asdict(trip) for trip in found.trips],
        "accounts": [asdict(row) for row in found.rows],
        "skips": [asdict(skip) for skip in found.skips],
    }


def print_result(console: Console, result: SyncResult, *, as_json: bool) -> None:
    """What one delivery did."""
    if as_json:
        console.print_json(json.dumps(result_json(result), default=str))
        return
    for line in result_lines(result):
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def result_json(result: SyncResult) -> dict[str, object]:
    """The same for a program, complete."""
    return asdict(result) | result.figures()
