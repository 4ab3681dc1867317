"""reconcile, the store's side: what the store holds beside what it acknowledged.

Enters: the store, paged through; the snapshot. Leaves: the drift (changed by hand, missing, extra,
unremembered) in sync_drift; on request the snapshot corrected to what the store holds, so that the
next plan sends what differs from the model and no more. That is also how lost state comes back.
"""

import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence, Set
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from duckdb import DuckDBPyConnection

from reverse_sync.diff.candidates import published
from reverse_sync.diff.planned_row import CURRENCY
from reverse_sync.state.run import Run, rows_as_table, transaction
from reverse_sync.stores.account_store import AccountStore, StoredAccount
from reverse_sync.values.lifecycle_text import lifecycle_text
from reverse_sync.values.store_rules import StoreRules
from reverse_sync.values.traits import (
    OWN,
    canonical,
    canonical_value,
    number_text,
    parse_stored,
)

_TEXT = pa.string()
_HELD = pa.schema(
    [
        (name, _TEXT)
        for name in ("account_id", "name", "traits", "status", "mrr", "currency", "lifecycle")
    ]
    + [("version", pa.int64()), ("traits_held", pa.int64())]
)
_DRIFT = pa.schema(
    [(name, _TEXT) for name in ("account_id", "kind", "trait", "acknowledged", "held")]
)

OWN_TRAITS = f"""
    select distinct trait
    from (
        select unnest(json_keys(traits)) as trait
        from published.main.account_traits
        where contains(traits::varchar, '"{OWN}')
    )
    where starts_with(trait, '{OWN}')
"""

# What was acknowledged has its nulls, what is held has none. A match begins at a key: after a
# value's closing quote comes no colon.
NULLS = r""" '"(?:[^"\\]|\\.)*":null,?' """.strip()
HELD = f"regexp_replace(regexp_replace(snapshot.traits, {NULLS}, '', 'g'), ',}}$', '}}')"

DIFFERENT = f"""
    select
        coalesce(held.account_id, snapshot.account_id) as account_id,
        snapshot.account_id is not null as acknowledged,
        held.account_id is not null as is_held,
        snapshot.name as old_name,
        snapshot.traits as old_traits,
        snapshot.lifecycle_status as old_status,
        snapshot.mrr as old_mrr,
        held.name,
        held.traits,
        held.status,
        held.mrr
    from scan.main.held as held
    full join sync.sync_snapshot as snapshot on held.account_id = snapshot.account_id
    where (
        held.account_id is null
        or snapshot.account_id is null
        or held.name is distinct from snapshot.name
        or held.status is distinct from snapshot.lifecycle_status
        or held.mrr is distinct from snapshot.mrr
        or held.traits <> {HELD}
    )
    and coalesce(held.account_id, snapshot.account_id) not in (
        select account_id from sync.outbox where status in ('pending', 'rejected', 'parked')
    )
    order by 1
"""

ADOPT = """
    insert or replace into sync.sync_snapshot by name
    select
        held.account_id,
        held.name,
        held.traits,
        '' as source_md5,  -- looked at by the next plan
        case when found.lifecycle then '' else $tracking end as tracking,
        held.version,
        $at as acknowledged_at,
        held.status as lifecycle_status,
        held.mrr,
        held.currency,
        held.traits_held,
        held.lifecycle
    from scan.main.held as held
    inner join (
        select account_id, bool_or(trait in ('lifecycle_status', 'mrr')) as lifecycle
        from found
        where kind in ('changed', 'unremembered')
        group by account_id
    ) as found on held.account_id = found.account_id
    where held.account_id in (
        select account_id from sync.sync_snapshot
        union all
        select account_id from published.main.account_traits
    )
"""

FORGET = """
    delete from sync.sync_snapshot where account_id in (
        select account_id from found where kind = 'missing'
    )
"""


@dataclass(frozen=True)
class Difference:
    """One difference; `trait` None: the account as a whole."""

    account_id: str
    kind: str
    trait: str | None = None
    acknowledged: str | None = None
    held: str | None = None


@dataclass(frozen=True)
class Drift:
    """What the store holds that was not sent, and how many accounts were compared."""

    compared: int
    found: tuple[Difference, ...]

    @property
    def accounts(self) -> Counter[str]:
        """Accounts by kind of difference."""
        return Counter(kind for _, kind in {(row.account_id, row.kind) for row in self.found})


@contextmanager
def scanned(
    store: AccountStore, marts_path: Path, *, rules: StoreRules
) -> Iterator[tuple[Path, int]]:
    """Everything the store holds of ours in a file of its own, and how many accounts; the
    warehouse is not open meanwhile. Raises NotReadable."""
    folder, own = marts_path.parent, _own_traits(marts_path)
    with tempfile.TemporaryDirectory(prefix="reconcile-", dir=folder) as name:
        path = Path(name) / "scan.duckdb"
        total = 0
        with duckdb.connect(str(path)) as database:
            database.execute(
                "create table held (account_id varchar, name varchar, traits varchar,"
                " status varchar, mrr varchar, currency varchar, lifecycle varchar,"
                " version bigint, traits_held bigint)"
            )
            for page in store.read_all():
                total += len(page)
                with rows_as_table(
                    database, "page", [_row(account, rules, own) for account in page], _HELD
                ):
                    database.execute("insert into held by name from page")
        yield path, total


def _own_traits(marts_path: Path) -> set[str]:
    """Those of the user's models, also what they no longer have. Another's may begin alike."""
    with duckdb.connect() as database, published(database, marts_path):
        return {trait for (trait,) in database.execute(OWN_TRAITS).fetchall()}


def compare(
    connection: DuckDBPyConnection, run: Run, scan: Path, *, repair: bool
) -> list[Difference]:
    """The differences, written to sync_drift; with `repair` the snapshot is corrected."""
    quoted = str(scan).replace("'", "''")
    connection.execute(f"attach '{quoted}' as scan (read_only)")
    try:
        names = [column[0] for column in connection.execute(DIFFERENT).description or ()]
        rows = [dict(zip(names, row, strict=True)) for row in connection.fetchall()]
        known = _known(connection)
        found = [one for row in rows for one in _differences(row, known)]
        _write(connection, run, found, repair=repair)
        return found
    finally:
        connection.execute("detach scan")


def _known(connection: DuckDBPyConnection) -> set[str]:
    rows = connection.execute("select account_id from published.main.account_traits").fetchall()
    return {row[0] for row in rows}


def _write(
    connection: DuckDBPyConnection, run: Run, found: Sequence[Difference], *, repair: bool
) -> None:
    rows = [astuple(one) for one in found]
    with transaction(connection):
        connection.execute("delete from sync.sync_drift")
        if not rows:
            return
        with rows_as_table(connection, "found", rows, _DRIFT):
            connection.execute(
                "insert into sync.sync_drift by name"
                " select *, $at as found_at, $run_id as run_id from found",
                {"at": run.at, "run_id": run.run_id},
            )
            if repair:
                connection.execute(ADOPT, {"tracking": run.tracking, "at": run.at})
                connection.execute(FORGET)


def _row(account: StoredAccount, rules: StoreRules, own: Set[str]) -> tuple[object, ...]:
    ours = {trait: v for trait, v in account.traits.items() if rules.is_ours(trait, own)}
    mrr, currency = account.lifecycle.mrr, ours.get(rules.name(CURRENCY) or "")
    return (
        account.account_id,
        account.name,
        canonical(ours),
        account.lifecycle.status,
        None if mrr is None else number_text(mrr),
        currency if isinstance(currency, str) else None,
        lifecycle_text(account.lifecycle),
        account.version,
        len(ours),
    )


def _differences(row: dict[str, Any], known: set[str]) -> Iterator[Difference]:
    account_id = row["account_id"]
    if not row["is_held"]:
        yield Difference(account_id, "missing")
    elif not row["acknowledged"]:
        yield Difference(account_id, "unremembered" if account_id in known else "extra")
    else:
        yield from _changed(account_id, row)


def _changed(account_id: str, row: dict[str, Any]) -> Iterator[Difference]:
    before, now = parse_stored(row["old_traits"]), parse_stored(row["traits"])
    for trait in sorted({*before, *now}):
        old, new = before.get(trait), now.get(trait)
        texts = [None if value is None else canonical_value(value) for value in (old, new)]
        if texts[0] != texts[1]:
            yield Difference(account_id, "changed", trait, *texts)
    for what, old, new in (
        ("name", row["old_name"], row["name"]),
        ("lifecycle_status", row["old_status"], row["status"]),
        ("mrr", row["old_mrr"], row["mrr"]),
    ):
        if old != new:
            yield Difference(account_id, "changed", what, old, new)
