"""One module for each page: from the address to the tables that it shows."""

from report.page import Page
from report.pages import (
    account,
    accounts,
    movements,
    overview,
    quality,
    retention,
    segment,
    segments,
    upcoming,
)

PAGES: tuple[Page, ...] = (
    overview.PAGE,
    movements.PAGE,
    retention.PAGE,
    accounts.PAGE,
    account.PAGE,
    segments.PAGE,
    segment.PAGE,
    upcoming.PAGE,
    quality.PAGE,
)
