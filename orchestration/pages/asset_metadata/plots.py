"""Pictures of the marts, as images in the assets' metadata on Dagster's page.

Enters: the published marts. Leaves: Markdown with a PNG in it. Sums over all accounts alone:
nothing here tells of a customer.
"""

import base64
import io
from collections.abc import Callable, Sequence
from dataclasses import asdict
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from ingestion.inbox.events_db import Inbox
from orchestration.pages.asset_metadata.markdown import Markdown
from orchestration.publication.marts import names, reading, records

MONTHS, REFRESHES = 24, 100
MOVEMENTS = ("new", "reactivation", "expansion", "contraction", "churn", "fx")
BAR_DAYS = 20  # a month's bar, so that its neighbours stay apart
Rows = list[dict[str, Any]]
Draw = Callable[[Any, Rows], None]


def plot(marts: Path, mart: str) -> Markdown | None:
    """The picture of a mart; None where it has none, or no rows yet."""
    if mart not in PICTURES:
        return None
    source, title, draw = PICTURES[mart]
    with reading(marts) as database:
        if source not in names(database):
            return None
        rows = records(
            database,
            f"select * from {source}"
            f" where month > (select max(month) from {source}) - interval {MONTHS} month"
            " order by currency, month",
        )
    by_currency = [list(found) for _, found in groupby(rows, itemgetter("currency"))]
    return _image(title, draw, by_currency) if rows else None


def latencies(inbox: Path) -> Markdown | None:
    """How long events took to the account store, refresh by refresh; None: none arrived yet."""
    with Inbox.open(inbox, read_only=True) as opened:
        rows = [asdict(one) for one in opened.latencies(REFRESHES)]
    title = "From Stripe's event to the account store"
    return _image(title, _latencies, [rows]) if rows else None


def _latencies(axes: Any, rows: Rows) -> None:
    """Oldest first, in seconds."""
    for name in ("median_seconds", "p95_seconds", "slowest_seconds"):
        axes.plot([row[name] for row in rows], label=name.removesuffix("_seconds"), marker=".")
    axes.set_xlabel(f"refreshes until {rows[-1]['reached_at'][:16]} UTC", fontsize=7)
    axes.set_ylabel("seconds", fontsize=7)


def _image(title: str, draw: Draw, panels: Sequence[Rows]) -> Markdown:
    """A panel for each currency, one below the other: they are never added, nor is one chosen."""
    from matplotlib.figure import Figure  # half a second, and only where a picture is drawn

    figure = Figure(figsize=(7, 1 + 2 * len(panels)), layout="constrained")
    figure.suptitle(title, fontsize=9)
    column = figure.subplots(len(panels), squeeze=False, sharex=True)[:, 0]
    for axes, rows in zip(column, panels, strict=True):
        draw(axes, rows)
        axes.tick_params(labelsize=7)
        axes.spines[["top", "right"]].set_visible(False)
    if len(column[0].get_legend_handles_labels()[1]) > 1:
        column[0].legend(fontsize=7, frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    written = io.BytesIO()
    figure.savefig(written, format="png", dpi=90)
    data = base64.b64encode(written.getvalue()).decode()
    return Markdown(f"![picture](data:image/png;base64,{data})")


def _mrr_by_month(axes: Any, rows: Rows) -> None:
    amounts = [_amount(row["closing_mrr"]) for row in rows]
    axes.plot([row["month"] for row in rows], amounts, label="MRR", marker=".")
    axes.set_ylim(bottom=0)
    _months_and_money(axes, rows)


def _movements(axes: Any, rows: Rows) -> None:
    """Stacked bars: what came above the line, what went below."""
    months = [row["month"] for row in rows]
    above, below = [0.0] * len(rows), [0.0] * len(rows)
    for movement in MOVEMENTS:
        amounts = [float(row[f"{movement}_mrr"] or 0) for row in rows]
        bottoms = [above[i] if amount >= 0 else below[i] for i, amount in enumerate(amounts)]
        axes.bar(months, amounts, bottom=bottoms, label=movement, width=BAR_DAYS)
        for i, amount in enumerate(amounts):
            above[i] += max(amount, 0)
            below[i] += min(amount, 0)
    axes.axhline(0, color="black", linewidth=0.5)
    _months_and_money(axes, rows)


def _amount(value: Any) -> float:
    """What is not known is a gap in the line, and not 0."""
    return float("nan") if value is None else float(value)


def _months_and_money(axes: Any, rows: Rows) -> None:
    from matplotlib.dates import DateFormatter
    from matplotlib.ticker import StrMethodFormatter

    axes.set_ylabel(f"{rows[0]['currency']} a month", fontsize=7)
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.xaxis.set_major_formatter(DateFormatter("%Y-%m"))  # type: ignore[no-untyped-call]


PICTURES: dict[str, tuple[str, str, Draw]] = {
    "mrr_by_month": ("mrr_movements_by_month", "MRR at the end of each month", _mrr_by_month),
    "mrr_movements_by_month": ("mrr_movements_by_month", "What moved MRR", _movements),
}
