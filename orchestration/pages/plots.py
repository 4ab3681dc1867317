"""Pictures of the marts, as images in the assets' metadata on Dagster's page.

Enters: the published marts. Leaves: Markdown with a PNG in it. Sums over all accounts alone:
nothing here tells of a customer.
"""

import base64
import io
from collections import defaultdict
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dagster import MarkdownMetadataValue, MetadataValue

from ingestion.inbox.events_db import Inbox
from orchestration.publication.marts import names, reading, records

MONTHS, REFRESHES = 24, 100
MOVEMENTS = ("new", "reactivation", "expansion", "contraction", "churn", "fx")
Draw = Callable[[Any, list[dict[str, Any]]], None]


def plot(marts: Path, mart: str) -> MarkdownMetadataValue | None:
    """The picture of a mart; None where it has none, or no rows yet."""
    if mart not in PICTURES:
        return None
    source, draw = PICTURES[mart]
    with reading(marts) as database:
        if source not in names(database):
            return None
        rows = records(
            database,
            f"select * from {source}"
            f" where month > (select max(month) from {source}) - interval {MONTHS} month"
            " order by month, currency",
        )
    return _image(draw, rows) if rows else None


def latencies(inbox: Path) -> MarkdownMetadataValue | None:
    """How long events took to the account store, refresh by refresh; None: none arrived yet."""
    with Inbox.open(inbox, read_only=True) as opened:
        rows = [asdict(one) for one in opened.latencies(REFRESHES)]
    return _image(_latencies, rows) if rows else None


def _latencies(axes: Any, rows: list[dict[str, Any]]) -> None:
    """Oldest first, in seconds."""
    for name in ("median_seconds", "p95_seconds", "slowest_seconds"):
        axes.plot([row[name] for row in rows], label=name.removesuffix("_seconds"), marker=".")
    axes.set_xlabel(f"refreshes until {rows[-1]['reached_at'][:16]} UTC", fontsize=7)
    axes.set_title("Seconds from Stripe's event to the account store", fontsize=9)


def _image(draw: Draw, rows: list[dict[str, Any]]) -> MarkdownMetadataValue:
    from matplotlib.figure import Figure  # half a second, and only where a picture is drawn

    figure = Figure(figsize=(7, 3), layout="constrained")
    axes = figure.subplots()
    draw(axes, rows)
    axes.tick_params(axis="x", rotation=45, labelsize=7)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(fontsize=7, frameon=False)
    written = io.BytesIO()
    figure.savefig(written, format="png", dpi=90)
    data = base64.b64encode(written.getvalue()).decode()
    return MetadataValue.md(f"![picture](data:image/png;base64,{data})")


def _mrr_by_month(axes: Any, rows: list[dict[str, Any]]) -> None:
    """A line a currency, each as a share of its greatest month: currencies are never added."""
    by_currency: dict[str, list[tuple[str, float]]] = defaultdict(list)
    for row in rows:
        by_currency[row["currency"]].append(
            (f"{row['month']:%Y-%m}", float(row["closing_mrr"] or 0))
        )
    for currency, points in sorted(by_currency.items()):
        greatest = max(value for _, value in points) or 1.0
        axes.plot(
            [month for month, _ in points],
            [value / greatest for _, value in points],
            label=f"{currency} (greatest: {greatest:,.0f})",
            marker=".",
        )
    axes.set_ylim(bottom=0)
    axes.set_title("MRR at the end of each month", fontsize=9)


def _movements(axes: Any, rows: list[dict[str, Any]]) -> None:
    """Stacked bars of the currency with the most MRR."""
    last = max(row["month"] for row in rows)
    now = [row for row in rows if row["month"] == last]
    currency = max(now, key=lambda row: row["closing_mrr"] or 0)["currency"]
    shown = [row for row in rows if row["currency"] == currency]
    months = [f"{row['month']:%Y-%m}" for row in shown]
    above, below = [0.0] * len(shown), [0.0] * len(shown)
    for movement in MOVEMENTS:
        amounts = [float(row[f"{movement}_mrr"] or 0) for row in shown]
        bottoms = [above[i] if amount >= 0 else below[i] for i, amount in enumerate(amounts)]
        axes.bar(months, amounts, bottom=bottoms, label=movement)
        for i, amount in enumerate(amounts):
            above[i] += max(amount, 0)
            below[i] += min(amount, 0)
    axes.axhline(0, color="black", linewidth=0.5)
    axes.set_title(f"MRR movements, {currency}", fontsize=9)


PICTURES: dict[str, tuple[str, Draw]] = {
    "mrr_by_month": ("mrr_movements_by_month", _mrr_by_month),
    "mrr_movements_by_month": ("mrr_movements_by_month", _movements),
}
