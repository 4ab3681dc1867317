"""What alert rules noticed, in words: a notice for each rule, or one for all of a digest.

Enters: rows of `alerts`, the rules. Leaves: notices. Accounts are named by their ids alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from orchestration.alert_rules.definition import Rule
from orchestration.monitoring.notice import Notice
from reverse_sync.values.counted import counted

MOST_LINES, MOST_OCCASIONS = 20, 100
REMEDY = "stripe-traits explain ACCOUNT says more of each"
Row = dict[str, Any]


@dataclass(frozen=True)
class Raised(Notice):
    """`occasions` are the first hundred, as data; `text` has the counts."""

    occasions: tuple[dict[str, str | None], ...] = ()


def of_rule(rule: Rule, rows: Sequence[Row]) -> Raised:
    """What it noticed."""
    return Raised(
        key=f"alert:{rule.name}",
        state="alert",
        text=f"{rule.name}: {_counted(rule, rows)}",
        remedy=REMEDY,
        at=_at(rows),
        lines=_lines(rows),
        occasions=_data(rows),
    )


def of_digest(every: str, found: Sequence[tuple[Rule, Sequence[Row]]]) -> Raised:
    """What several rules noticed since the last digest."""
    rows = [row for _, of_one in found for row in of_one]
    lines: list[str] = []
    for rule, of_one in found:
        lines += [f"{rule.name}: {_counted(rule, of_one)}", *_lines(of_one)]
    return Raised(
        key=f"digest:{every}",
        state="digest",
        text=f"{every}: {', '.join(f'{rule.name} {len(of_one):,}' for rule, of_one in found)}",
        remedy=REMEDY,
        at=_at(rows),
        lines=tuple(lines),
        occasions=_data(rows),
    )


def _counted(rule: Rule, rows: Sequence[Row]) -> str:
    what, happened = {
        "account_churned": ("account", "churned"),
        "mrr_fell": ("time", "MRR fell"),
        "trial_without_card": ("trial", f"end{'s' * (len(rows) == 1)} without a card"),
        "segment_entered": ("account", f"entered segment '{rule.segment}'"),
        "segment_left": ("account", f"left segment '{rule.segment}'"),
    }[rule.when]
    return f"{counted(len(rows), what)} {happened}"


def _lines(rows: Sequence[Row]) -> tuple[str, ...]:
    lines = [f"  {_line(row)}" for row in rows[:MOST_LINES]]
    more = len(rows) - MOST_LINES
    return (*lines, f"  and {more:,} more") if more > 0 else tuple(lines)


def _line(row: Row) -> str:
    amount = f"{row['currency']} {row['amount']:,.2f}" if row["amount"] is not None else ""
    if row["kind"] == "mrr_fell":
        lost = (row["amount_before"] - row["amount"]) / row["amount_before"]
        before = f"{row['currency']} {row['amount_before']:,.2f}"
        return f"MRR fell by {lost:.1%}, from {before} to {amount}"
    paid = f"MRR {amount} a month" if amount else ""
    parts = [row["account_id"], paid, _moment(row["happened_at"])]
    return ", ".join(part for part in parts if part)


def _data(rows: Sequence[Row]) -> tuple[dict[str, str | None], ...]:
    names = ("rule", "kind", "account_id", "currency", "amount", "amount_before")
    found = [
        {name: None if row[name] is None else str(row[name]) for name in names}
        | {"happened_at": _moment(row["happened_at"])}
        for row in rows[:MOST_OCCASIONS]
    ]
    return tuple(found)


def _at(rows: Sequence[Row]) -> str:
    return _moment(max(row["noticed_at"] for row in rows))


def _moment(value: datetime) -> str:
    return value.replace(tzinfo=UTC).isoformat(timespec="seconds")
