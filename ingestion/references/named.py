"""What landed rows name: the objects that are not landed, and a row that names each.

Enters: the landing tables. Leaves: pointers, in order, and referrers. What is asked of Stripe, and
how often, is decided elsewhere.
"""

from dataclasses import dataclass
from datetime import datetime

from ingestion.engines.guard import SCHEMA
from ingestion.landing import TABLES
from ingestion.landing.columns import Kind
from ingestion.landing.references import REFERENCES, ROOTS, Reference
from ingestion.merge.warehouse import Landing
from ingestion.stripe_api.event_types import Pointer

NAMES = tuple(table.name for table in TABLES)
STREAMS = sorted({reference.stream for reference in REFERENCES})
MEMORY = "384MiB"  # of DuckDB, which goes on on disk beyond it
OF_THIS_LOAD = "part.loaded_at = $loaded_at"


@dataclass(frozen=True)
class Referrer:
    """A row that names an object: its column and id, and the id of the object that it came with."""

    column: str
    row_id: str
    root_id: str


def missing(landing: Landing, *, everything: bool, after: Pointer, most: int) -> list[Pointer]:
    """What rows of this load name (`everything`: rows of any load) and no landed row has: in
    order, `most` of those after `after`."""
    select = " union all ".join(_missing(stream, everything) for stream in STREAMS)
    of_load = {} if everything else {"loaded_at": landing.loaded_at}
    return landing.query(
        f"select stream, id from ({select}) where (stream, id) > ($stream, $id)"
        " order by all limit $most",
        *NAMES,
        memory=MEMORY,
        stream=after[0],
        id=after[1],
        most=most,
        **of_load,
    )


def _missing(stream: str, everything: bool) -> str:
    scope = "true" if everything else OF_THIS_LOAD
    named = " union all ".join(
        f"select {_value(reference)} as id from {SCHEMA}.{reference.table} as part"
        f" where part.stripe_account_id = $account and {scope}"
        for reference in REFERENCES
        if reference.stream == stream
    )
    return (
        f"select distinct '{stream}' as stream, id from ({named}) as named"
        " where id is not null and not exists ("
        f" select 1 from {SCHEMA}.{stream} as landed"
        " where landed.stripe_account_id = $account and landed.id = named.id)"
    )


def _value(reference: Reference) -> str:
    """A list of ids gives one row for each."""
    column = f"part.{reference.column.name}"
    if reference.column.kind is Kind.JSON:
        return f"unnest(json_extract_string({column}, '$[*]'))"
    return column


def referrers(landing: Landing, pointers: list[Pointer]) -> dict[Pointer, Referrer]:
    """One row that names each object; first of all one that can hold the object itself."""
    found: dict[Pointer, Referrer] = {}
    for reference in sorted(REFERENCES, key=lambda one: (not one.column.embedded, one.name)):
        ids = [one for stream, one in pointers if stream == reference.stream]
        left = [one for one in ids if (reference.stream, one) not in found]
        if left:
            found |= _naming(landing, reference, left)
    return found


def _naming(landing: Landing, reference: Reference, ids: list[str]) -> dict[Pointer, Referrer]:
    """The newest row, which is current if any is."""
    rows = landing.query(
        "select named, arg_max(id, (read_at, id)), arg_max(root_id, (read_at, id)) from ("
        f" select {_value(reference)} as named, part.id, part.read_at,"
        f" part.{ROOTS.get(reference.table, 'id')} as root_id"
        f" from {SCHEMA}.{reference.table} as part where part.stripe_account_id = $account"
        ") where named in (select unnest($ids::varchar[])) group by named",
        reference.table,
        ids=ids,
    )
    return {
        (reference.stream, named): Referrer(reference.name, row_id, root_id)
        for named, row_id, root_id in rows
    }


def landed_since(landing: Landing, noted: dict[Pointer, datetime]) -> list[Pointer]:
    """Which of these objects a read after the moment that is noted for each has brought."""
    found: list[Pointer] = []
    for name in sorted({stream for stream, _ in noted}):
        ids = [one for stream, one in noted if stream == name]
        rows = landing.query(
            f"select id, read_at from {SCHEMA}.{name} where stripe_account_id = $account"
            " and id in (select unnest($ids::varchar[]))",
            name,
            ids=ids,
        )
        found += [(name, one) for one, read_at in rows if read_at > noted[name, one]]
    return found
