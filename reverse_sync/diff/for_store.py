"""What a store's rules ask of the published copy: who is for it, in which decimals they are billed.

Enters: the published copy attached, a store's rules. Leaves: tables beside the candidates; empty
where nothing is configured. Raises UnknownSegment: whose members are not known, nobody may leave.
"""

from duckdb import DuckDBPyConnection

from reverse_sync.diff.candidates_sql import AUDIENCE, DECIMALS
from reverse_sync.stores.account_store import AccountStoreError
from reverse_sync.values.mapping import TraitMapping
from reverse_sync.values.store_rules import Audience, StoreRules

JUDGED = "select 1 from published.main.segments where segment = ? and judged_at is not null"
PUBLISHED = """
    select 1 from duckdb_tables() where database_name = 'published' and table_name = 'segments'
"""


class UnknownSegment(AccountStoreError):
    """A store's accounts are those of a segment, and its members are not known."""


def prepare_rules(connection: DuckDBPyConnection, rules: StoreRules) -> None:
    """The tables `considering.audience` and `considering.decimals`."""
    connection.execute("create table considering.audience (account_id varchar)")
    connection.execute("create table considering.decimals (account_id varchar, decimals integer[])")
    if not rules.audience.is_everyone:
        _fill_audience(connection, rules.audience)
    if rules.mapping and rules.mapping.money == "minor":
        _fill_decimals(connection, rules.mapping)


def _fill_audience(connection: DuckDBPyConnection, audience: Audience) -> None:
    if audience.segment is not None:
        _check_judged(connection, audience.segment)
    connection.execute(
        AUDIENCE, {"segment": audience.segment, "leave_out": list(audience.leave_out)}
    )


def _fill_decimals(connection: DuckDBPyConnection, mapping: TraitMapping) -> None:
    connection.execute(
        DECIMALS,
        {"currencies": list(mapping.decimals), "places": list(mapping.decimals.values())},
    )


def _check_judged(connection: DuckDBPyConnection, segment: str) -> None:
    there = connection.execute(PUBLISHED).fetchone()
    if not there or not connection.execute(JUDGED, [segment]).fetchone():
        raise UnknownSegment(
            f"segment '{segment}' was never judged, so it is not known who is in it; save it"
            " (stripe-traits segments list shows all) and run 'stripe-traits sync'"
        )
