"""The landing tables: every column, its type, and where it stands in Stripe's objects.

Enters: nothing. Leaves: `TABLES` (what is landed), the same `BY_NAME`, and `EXTRACTS` (which
objects fill which table). No business rule belongs here: amounts stay in minor units, statuses
stay as Stripe sends them.

A path such as `object.recurring.interval` starts at one of the nodes of a row:
`root` (the object that was read), `parent` (what holds the element), `object` (the element itself),
`key` and `position` (its place in the parent, from 0), `within` (the key of the element of a
mapping that holds it). A column may name several paths, newest shape first: the first one that is
present wins, so that shapes of older API versions land in the same column.

Every table also has `stripe_account_id` (first; its key is that and `id`), `read_at` (UTC, when the
read that brought the row began) and `loaded_at` (UTC, the load that merged it: one value a load,
greater than every earlier one's). Rows of nested elements carry the `read_at` of their root: an
element is current while both are equal.
"""

from ingestion.landing import (
    catalogue,
    customers,
    invoices,
    missing_objects,
    quarantine,
    subscriptions,
)
from ingestion.landing.columns import Extract, Table

_PARTS = (customers, subscriptions, invoices, catalogue, quarantine, missing_objects)

TABLES: tuple[Table, ...] = tuple(table for part in _PARTS for table in part.TABLES)
BY_NAME = {table.name: table for table in TABLES}
TOMBSTONED = tuple(table.name for table in TABLES if table.tombstones)
EXTRACTS: dict[str, tuple[Extract, ...]] = {
    stream: extracts for part in _PARTS for stream, extracts in part.EXTRACTS.items()
}
