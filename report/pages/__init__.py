"""One module for each page: from the address to the tables that it shows."""

from report.page import Page
from report.pages import accounts, overview

PAGES: tuple[Page, ...] = (overview.PAGE, accounts.PAGE)
