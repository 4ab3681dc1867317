"""A DuckLake on a real PostgreSQL: several processes write and read it, and it holds what a file
holds, down to the marts."""

import multiprocessing
import random
import traceback
from datetime import UTC, datetime, timedelta
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any
from urllib.parse import quote

import duckdb
import pytest
from lake_stripe import LakeStripe, changes_are_in_both, killed_loads_lose_nothing
from load_process import PATIENCE_SECONDS
from local_stripe import NOW, LocalStripe
from outcome import published, said, sent
from pipeline import Pipeline

from ingestion.engines import Engine, engine
from ingestion.engines.ducklake import DuckLake
from ingestion.engines.unreachable import LakeUnreachable
from ingestion.merge.warehouse import Landing
from ingestion.stripe_api.reader import Page
from sandbox import builders, clock
from sandbox.business import driver
from sandbox.population import Population
from sandbox.server import populate

pytestmark = pytest.mark.ducklake
BEGAN = datetime.fromisoformat("2026-01-01")
WRITERS, LOADS = 3, 6
SHARED = [f"cus_{number}" for number in range(40)]
OTHERS = [f"prod_{number}" for number in range(40)]
FORKED = multiprocessing.get_context("forkserver")


@pytest.fixture
def tables(postgres_url: str, tmp_path: Path) -> DuckLake:
    return DuckLake(postgres_url, str(tmp_path / "lake"))


@pytest.fixture
def lake(local_stripe: LocalStripe, tables: DuckLake, tmp_path: Path) -> LakeStripe:
    folder = tmp_path / "for_the_lake"
    folder.mkdir()
    return LakeStripe(local_stripe.store, local_stripe.url, folder, tables)


def test_a_ducklake_holds_what_the_file_holds(lake: LakeStripe, local_stripe: LocalStripe) -> None:
    changes_are_in_both(lake, local_stripe)


def test_killed_loads_into_a_ducklake_lose_nothing(
    lake: LakeStripe, local_stripe: LocalStripe
) -> None:
    killed_loads_lose_nothing(lake, local_stripe, (60, 90, 120))


def pages(moment: int, own: str) -> list[Page]:
    """All shared objects as they are at this moment, one of them gone; one that nobody else has."""
    at = BEGAN + timedelta(minutes=moment)
    gone = (SHARED[moment % len(SHARED)],)
    kept = [one for one in [own, *SHARED] if one not in gone]
    customers = [builders.customer(id=one, name=str(moment), created=NOW) for one in kept]
    products = [builders.product(id=one, name=str(moment), created=NOW) for one in OTHERS]
    return [Page("customers", customers, at, gone), Page("products", products, at)]


def write(tables: DuckLake | Path, state: Path, moments: list[int], accounts: int) -> None:
    """One writer: a load for each of these moments, in this order."""
    for moment in moments:
        account = f"acct_{moment % accounts}"
        # Its clock is wrong on purpose: what is committed later must be found later.
        at = BEGAN - timedelta(days=moment)
        landing = Landing(tables, state, stripe_account_id=account, loaded_at=at)
        landing.merge(iter(pages(moment, f"cus_of_{moment}")))


def watch(tables: DuckLake, ended: Event, told: Any) -> None:
    """One reader: what it saw that no whole load leaves, and the rows that it had by reading on
    from the last `loaded_at` alone."""
    wrong: list[Any] = []
    moments: set[str] = set()
    rows: dict[Any, Any] = {}
    latest = datetime.min  # noqa: DTZ901
    while True:
        last = ended.is_set()
        if "customers" in tables.tables():
            with tables.reading("customers", "products") as database:
                mixed = database.execute(MIXED).fetchall()
                new = database.execute(NEW, {"since": latest}).fetchall()
            rows |= {(account, name): value for account, name, value, _ in new}
            moments |= {str(value) for _, _, value, _ in new}
            latest = max([latest, *(at for *_, at in new)])
            wrong += mixed
        if last:
            told.put((wrong, moments, rows))
            return


MIXED = """
select stripe_account_id, list(distinct name), count(*) - count(distinct id) from (
    select stripe_account_id, id, name from stripe.customers
    where id not like 'cus_of_%' and deleted_at is null
    union all select stripe_account_id, id, name from stripe.products
) group by all having count(distinct name) > 1 or count(*) > count(distinct id)
"""
NEW = """
select stripe_account_id, id, if(deleted_at is null, name, 'gone'), loaded_at
from stripe.customers where loaded_at > $since
"""
ROWS = NEW.replace("loaded_at > $since", "true")


@pytest.mark.parametrize("accounts", [1, 3])
def test_three_writers_and_a_reader_at_once_lose_nothing(
    tables: DuckLake, tmp_path: Path, accounts: int
) -> None:
    moments = list(range(1, WRITERS * LOADS + 1))
    shuffled = random.Random(accounts).sample(moments, len(moments))
    ended, told = FORKED.Event(), FORKED.Queue()
    reader = FORKED.Process(target=watch, args=(tables, ended, told), daemon=True)
    reader.start()
    writers = [
        FORKED.Process(
            target=write,
            args=(tables, tmp_path / f"dlt_{one}", shuffled[one::WRITERS], accounts),
            daemon=True,
        )
        for one in range(WRITERS)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(PATIENCE_SECONDS)
    ended.set()
    wrong, seen, read_on = told.get(timeout=PATIENCE_SECONDS)
    assert [writer.exitcode for writer in writers] == [0] * WRITERS
    assert wrong == []
    assert len(seen) > 2
    by_itself = tmp_path / "one_writer.duckdb"
    write(by_itself, tmp_path / "dlt", moments, accounts)
    assert final(tables) == final(engine(by_itself))
    assert read_on == {(account, name): value for account, name, value, _ in rows(tables)}


def rows(place: Engine) -> list[Any]:
    with place.reading("customers") as database:
        return database.execute(ROWS).fetchall()


def final(place: Engine) -> Any:
    """Without the moments of the loads."""
    with place.reading("products") as database:
        products = database.execute("select id, name, read_at from stripe.products").fetchall()
    return sorted(products), sorted(row[:3] for row in rows(place))


class Both:
    """The same business through the file alone and through the lake."""

    def __init__(self, pipeline: Pipeline, lake: DuckLake, folder: Path) -> None:
        self.pipeline, self.folder = pipeline, folder
        self.url = f"ducklake://?catalog={quote(lake.catalog_url)}&warehouse={lake.folder}"

    def refreshed(self, engine: str) -> tuple[dict[str, list[Any]], list[Any]]:
        url = self.url if engine == "lake" else ""
        self.pipeline.set(DATA_DIR=str(self.folder / engine), WAREHOUSE_URL=url)
        as_of = datetime.fromtimestamp(clock.now(self.pipeline.stripe.store), UTC)
        self.pipeline.sync(as_of=as_of)
        return published(self.pipeline), sent(self.pipeline)

    def same(self) -> dict[str, list[Any]]:
        marts, delivered = self.refreshed("duck")
        assert self.refreshed("lake") == (marts, delivered)
        assert delivered
        return marts


def marts_of(tables: DuckLake) -> dict[str, int]:
    """Rows of every mart that is shared: what tells of deliveries alone stays in the file."""
    with tables.reading() as database:
        names = database.execute(
            "select table_name from duckdb_tables()"
            " where database_name = 'lake' and schema_name = 'marts'"
        ).fetchall()
        counts = [database.sql(f"from lake.marts.{name}").shape[0] for (name,) in names]
    return {name: count for (name,), count in zip(names, counts, strict=True)}


def test_marts_of_a_ducklake_are_those_of_the_file(
    pipeline: Pipeline, tables: DuckLake, tmp_path: Path
) -> None:
    store, both = pipeline.stripe.store, Both(pipeline, tables, tmp_path)
    populate(store, Population(20, 1, NOW))
    assert both.same()["account_traits"]
    driver.live(store, days=1, seed=1)
    store.delete(
        "customer", min(one["id"] for one in store.objects("customer")), now=clock.now(store)
    )
    both.same()
    driver.live(store, days=1, seed=2)
    marts = both.same()
    shared = marts_of(tables)
    assert {"account_traits", "mrr_breakdown", "mrr_movements"} <= shared.keys() <= marts.keys()
    for name, count in shared.items():
        assert count == len(marts[name]), name
    account = min(account for account, _ in sent(pipeline))
    assert "lake" in str(pipeline.settings.data_dir)
    assert account in said("explain", account)
    said("status", "--json")
    said("reconcile")


def test_a_build_sees_the_lake_of_the_moment_at_which_it_began(
    tables: DuckLake, tmp_path: Path
) -> None:
    write(tables, tmp_path / "dlt", [1], 1)
    names = "select distinct name from stripe.products"
    with duckdb.connect(str(tmp_path / "w.duckdb")) as database:
        tables.attach_snapshot(database)
        write(tables, tmp_path / "dlt", [2], 1)
        assert database.execute(names).fetchall() == [("1",)]
        tables.attach_snapshot(database)
        assert database.execute(names).fetchall() == [("2",)]


def test_a_catalog_that_does_not_answer_is_named_without_its_password(tmp_path: Path) -> None:
    away = DuckLake("postgresql://someone:hidden_word@127.0.0.1:1/none", str(tmp_path))
    with pytest.raises(LakeUnreachable) as caught:
        away.tables()
    shown = "".join(traceback.format_exception(caught.value))
    assert "hidden_word" not in f"{shown} {away!r}"
