"""What a refresh did, for people and for programs.

Enters: the finished Dagster run and the published marts. Leaves: a few lines, or JSON.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from dagster import ExecuteInProcessResult
from rich.console import Console

from orchestration.publication.marts import (
    amounts_text,
    mrr_now,
    not_linked_text,
    reading,
    records,
    row_counts,
)

LANDED = ("customers", "subscriptions", "invoices")
ISSUES = "select severity, count(*) as issues from data_quality_issues group by severity order by 1"


@dataclass(frozen=True)
class SyncSummary:
    """Rows merged by landing table, rows by mart, MRR by currency (major units) of the accounts and
    of what is in none, causes of doubt by severity, accounts sent."""

    full: bool
    why_full: str
    seconds: float
    landed: dict[str, int]
    marts: dict[str, int]
    mrr: dict[str, Decimal]
    mrr_not_linked: dict[str, Decimal | None]
    issues: dict[str, int]
    delivered: dict[str, int | float] = field(default_factory=dict)


def of_sync(runs: Iterable[ExecuteInProcessResult], marts: Path) -> SyncSummary:
    """Read off the runs' own materialisations; none where nothing had changed."""
    metadata = {name: values for run in runs for name, values in _metadata(run).items()}
    landed = {
        name.removeprefix("stripe/"): values
        for name, values in metadata.items()
        if name.startswith("stripe/")
    }
    with reading(marts) as database:
        counts, mrr = row_counts(database), mrr_now(database)
        issues = records(database, ISSUES)
    return SyncSummary(
        full=any(values["full_read"] for values in landed.values()),
        why_full=next((values["why_full"] for values in landed.values()), ""),
        seconds=max((values["seconds"] for values in landed.values()), default=0.0),
        landed={name: values["rows_merged"] for name, values in landed.items()},
        marts=counts,
        mrr=mrr.of_accounts,
        mrr_not_linked=mrr.not_linked,
        issues={row["severity"]: row["issues"] for row in issues},
        delivered={
            name: value
            for name, value in metadata.get("account_store", {}).items()
            if isinstance(value, int | float)
        },
    )


def _metadata(result: ExecuteInProcessResult) -> dict[str, dict[str, Any]]:
    found = {}
    for event in result.get_asset_materialization_events():
        materialisation = event.step_materialization_data.materialization
        found[materialisation.asset_key.to_user_string()] = {
            name: value.value for name, value in materialisation.metadata.items()
        }
    return found


def print_sync(console: Console, summary: SyncSummary, *, as_json: bool) -> None:
    """The summary, on standard output."""
    if as_json:
        console.print_json(json.dumps(asdict(summary), default=str))
        return
    for title, text in _lines(summary):
        console.print(f"[bold]{title:<14}[/bold] {text}", soft_wrap=True, highlight=False)


def _lines(summary: SyncSummary) -> list[tuple[str, str]]:
    read = sum(summary.landed.values())
    how = f"everything ({summary.why_full})" if summary.full else "the changes"
    counts = ", ".join(f"{summary.landed.get(name, 0):,} {name}" for name in LANDED)
    marts, sent = summary.marts, summary.delivered
    stripe = f"read {how} in {summary.seconds} s: {counts}; {read:,} rows in all"
    lines = [
        ("Stripe", stripe if summary.landed else "nothing changed"),
        (
            "Traits",
            f"{marts['account_traits']:,} accounts from {marts['subscriptions']:,} subscriptions",
        ),
        ("MRR", amounts_text(summary.mrr) or "none"),
        (
            "Account store",
            f"{sent['creates']:,} created, {sent['updates']:,} updated,"
            f" {sent['unchanged']:,} unchanged, {sent['rejected']:,} rejected"
            if sent
            else "true to the marts already",
        ),
    ]
    if sent.get("invalid"):
        lines.append(
            ("Kept out", f"{sent['invalid']:,} accounts, each with its reason: sync_invalid")
        )
    if sent.get("rejected"):
        lines.append(("Rejected", "by the store, each with its reason: marts.sync_changelog"))
    if marts.get("unlinked_customers"):
        unlinked = not_linked_text(marts["unlinked_customers"], summary.mrr_not_linked)
        lines.append(("Not linked", f"{unlinked}: marts.unlinked_customers"))
    if summary.issues:
        issues = ", ".join(f"{number:,} {severity}" for severity, number in summary.issues.items())
        lines.append(("Data quality", f"{issues}: marts.data_quality_issues"))
    return lines
