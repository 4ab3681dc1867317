"""What a page is, and what it knows of the request that asks for it.

Enters: the published copy and the address's parameters. Leaves: `View`. Which tables a page has,
and what else its template needs, stands in `pages/`.
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from report.published import Copy
from report.sql import query
from report.tables import Shown, Table, shown

MOST_PAGES = 100_000


@dataclass(frozen=True)
class Site:
    """Where links lead: Stripe's dashboard (of test data, or not), and Dagster's page. Figures are
    stale after so many hours without a refresh."""

    stripe: str = "https://dashboard.stripe.com"
    dagster: str = "http://127.0.0.1:3000"
    freshness_hours: float = 26
    segments_file: Path | None = None
    # What a form of the page brings back: another site can neither know nor read it.
    form_token: str = field(default_factory=lambda: secrets.token_urlsafe(24))


@dataclass(frozen=True)
class View:
    """One look at a page: its address holds all that it depends on."""

    copy: Copy
    path: str
    given: QueryParams
    site: Site = Site()

    def __getitem__(self, name: str) -> str | None:
        """A parameter of the address; None where it is absent or blank."""
        return self.given.get(name, "").strip() or None

    @cached_property
    def build(self) -> dict[str, Any]:
        """Which build is shown: its id, its moment, when it was published."""
        return self.copy.rows(query("shared/build"))[0]

    @property
    def as_of(self) -> datetime:
        """The moment that relative dates are measured from: that of the build (naive UTC)."""
        moment: datetime | None = self.build.get("as_of") or self.build.get("published_at")
        return moment or datetime.now(UTC).replace(tzinfo=None)

    @property
    def stale_hours(self) -> int | None:
        """Whole hours since the copy was published, where that is too long; None: it is fresh."""
        published_at = self.build.get("published_at")
        if published_at is None:
            return None
        hours = (datetime.now(UTC).replace(tzinfo=None) - published_at) / timedelta(hours=1)
        return int(hours) if hours > self.site.freshness_hours else None

    @cached_property
    def currencies(self) -> list[str]:
        """Those of the months, that of the most accounts first; the reporting currency alone."""
        return [row["currency"] for row in self.copy.rows(query("shared/currencies"))]

    @property
    def currency(self) -> str | None:
        """The one that charts are drawn in: amounts of several are never added."""
        asked = self["currency"]
        return asked if asked in self.currencies else next(iter(self.currencies), None)

    @property
    def page(self) -> int:
        asked = self["page"] or "1"
        return min(max(int(asked), 1), MOST_PAGES) if asked.isdecimal() else 1

    def address(self, **changed: Any) -> str:
        """This page's address with some parameters changed; None takes one out."""
        kept = [(name, value) for name, value in self.given.multi_items() if name not in changed]
        added = [(name, value) for name, value in changed.items() if value is not None]
        return f"{self.path}?{urlencode([*kept, *added])}" if kept or added else self.path

    def twin(self, table: str, form: str) -> str:
        """The address of a table's CSV or JSON."""
        return self.address(table=table, format=form, page=None)

    def moved(self, movement: str, row: Mapping[str, Any]) -> str:
        """The address of the accounts behind an amount of a month."""
        of = {"currency": row["currency"], "month": row["month"], "movement": movement}
        return f"/movements?{urlencode(of)}#accounts"

    def meaning(self, table: Table, column: str) -> str | None:
        """What a figure is, as its mart says: the formula and when it is null, not the source."""
        described = (self.copy.tables.get(mart, {}).get(column) for mart in table.marts)
        found = next((description for _, description in filter(None, described)), None)
        return found.partition(" Unit: ")[0].partition(" From ")[0].strip() if found else None

    def shown(self, name: str, table: Table) -> Shown:
        return shown(self.copy, name, table)


@dataclass(frozen=True)
class Page:
    """`tables` in the order of the page; the first one is what `?format=csv` alone gives."""

    path: str
    title: str
    template: str
    tables: Callable[[View], Mapping[str, Table]]
    context: Callable[[View, Mapping[str, Shown]], Mapping[str, Any]] = lambda _view, _shown: {}
    # Where a form leads to: the address that says the same, so that it can be sent to somebody.
    leads_to: Callable[[View], str | None] = lambda _view: None
    in_menu: bool = True
    within: str | None = None  # the page of the menu that it belongs to
