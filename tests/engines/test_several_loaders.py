"""Two Stripe accounts, three loaders with wrong clocks (one takes an account over from another,
which comes back) and a builder, on hosts of their own, in one lakehouse: killed, cut off, and at
the end every mart is that of one file. Hosts are network namespaces where the machine allows it,
else processes with folders of their own."""

import multiprocessing
import os
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import duckdb
import pytest
from local_stripe import NOW, SeveralAccounts, several_accounts
from stage_process import FORESEEN, KILLED, Begun, begun

from ingestion.engines.iceberg.rest_lake import RestLake
from orchestration.warehouse.landed_copy import bring
from orchestration.warehouse.shared_marts import MARTS, current
from orchestration.warehouse.url import parts
from sandbox import clock
from sandbox.business import driver
from sandbox.population import Population
from sandbox.server import TEST_KEY, populate
from sandbox.storage.store import Store
from tests.lakehouse.hosts import Hosts, hosts
from tests.lakehouse.other_reader import answer
from tests.lakehouse.proxy import Network, network
from tests.lakehouse.server import Lakehouse, lakehouse
from tests.spark.processes import LOOPBACK

pytestmark = pytest.mark.lakehouse
FORKED = multiprocessing.get_context("forkserver")
FIRST, HIT, SPARE = "first", "hit", "spare"  # of the second its network is cut, then it is replaced
KEYS = {FIRST: TEST_KEY, HIT: "sk_test_other", SPARE: "sk_test_other"}
SKEWS = {FIRST: timedelta(hours=-7), HIT: timedelta(days=2), SPARE: timedelta(minutes=-20)}
CUT_SECONDS = 30
PATIENCE_SECONDS = 600


@dataclass
class World:
    """Of hosts there are the loaders, the builder, and one that has it all in a file. `between`:
    what stands before `HIT` where they share a network. `loaders`: one for each account."""

    stripe: SeveralAccounts
    house: Lakehouse
    hosts: Hosts | None
    between: Network
    folder: Path
    loaders: tuple[str, ...] = (FIRST, HIT)

    @property
    def stores(self) -> list[Store]:
        """The accounts that are loaded."""
        return [self.stripe.store, self.stripe.others["acct_other"]]

    @property
    def as_of(self) -> datetime:
        return datetime.fromtimestamp(clock.now(self.stripe.store), UTC)

    def begin(
        self, host: str, *words: str, settings: dict[str, str] | None = None, **more: Any
    ) -> Begun:
        """`settings`: in the place of those that it has."""
        folder = self.folder / host
        folder.mkdir(exist_ok=True)
        known = os.environ | self.settings(host) | {"DATA_DIR": str(folder / "data")}
        known |= settings or {}
        namespace = self.hosts.namespace(host) if self.hosts else None
        return begun(words, folder, known, as_of=self.as_of, namespace=namespace, **more)

    def settings(self, host: str) -> dict[str, str]:
        stripe = {
            "STRIPE_API_BASE": self.stripe.url,
            "STRIPE_API_KEY": f"{KEYS[FIRST]},{KEYS[HIT]}",
            "STRIPE_REQUESTS_PER_SECOND": "100",
        }
        if host == "file":
            return stripe
        key = KEYS.get(host, TEST_KEY)
        s3, catalog = self.between.ports if host == HIT and not self.hosts else (None, None)
        url = self.house.url(s3, catalog)
        lake = {"WAREHOUSE_URL": url, **self.house.environment}
        return stripe | {"STRIPE_API_KEY": key} | lake

    def cut(self) -> AbstractContextManager[None]:
        """The network between `HIT` and everything else."""
        return self.hosts.cut(HIT) if self.hosts else self.between.cut()

    def load_well(self) -> None:
        for one in self.loads():
            well(one)

    def kill_loads(self, *, after: float) -> list[int]:
        """All loaders at once, killed; how each ended."""
        loads = self.loads()
        for one in loads:
            one.kill_after(after)
        return [one.ended() for one in loads]

    def loads(self) -> list[Begun]:
        return [self.load(host) for host in self.loaders]

    def load(self, host: str, word: str = "load", **more: Any) -> Begun:
        return self.begin(host, word, skew=SKEWS[host], **more)

    def build(self) -> None:
        """What whole loads have brought; and all that Stripe has, into the file."""
        for one in (
            self.begin("builder", "build", "deliver"),
            self.begin("file", "load", "build", "deliver"),
        ):
            well(one)

    def live(self, seed: int) -> None:
        """A day of business in all accounts."""
        for number, store in enumerate(self.stores):
            driver.live(store, days=1, seed=seed + number)

    @property
    def lake(self) -> RestLake:
        return RestLake(**parts(self.house.url()), credential=self.house.credential)


def well(process: Begun) -> None:
    """To its end, which is a good one."""
    process.process.join(PATIENCE_SECONDS)
    said = process.said.read_text()
    assert process.ended() == 0, said


def refused(process: Begun) -> str:
    """What it says."""
    process.process.join(PATIENCE_SECONDS)
    said = process.said.read_text()
    assert process.ended() == FORESEEN
    return said


@pytest.fixture
def world(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[World]:
    with hosts([*KEYS, "builder"]) as apart:
        address = apart.address if apart else LOOPBACK
        with capsys.disabled():
            sys.stdout.write(f"\nloaders and builder: {APART if apart else TOGETHER}\n")
        with (
            lakehouse(tmp_path / "lakehouse", address) as house,
            network(house.s3_port, house.catalog_port) as between,
            several_accounts(tmp_path, host=address) as stripe,
        ):
            made = World(stripe, house, apart, between, tmp_path)
            for number, store in enumerate(made.stores, start=1):
                clock.put(store, NOW)
                populate(store, Population(40 * number, number, NOW))
            yield made


APART = "network namespaces of their own"
TOGETHER = "processes and folders of their own, in one network: no namespaces are allowed here"


def watch(url: str, known: dict[str, str], folder: Path, ended: Event, told: Any) -> None:
    """A builder's eyes: what it would build of at any moment, and what is shared of one build."""
    os.environ.update(known)
    lake = RestLake(**parts(url), credential=known["ICEBERG_CREDENTIAL"])
    wrong: list[Any] = []
    looks = 0
    with duckdb.connect(str(folder / "watched.duckdb")) as database:
        while not ended.is_set():
            bring(lake, database, at=datetime.now(UTC))
            wrong += database.execute(HALF).fetchall() + _mixed(lake)
            looks += 1
            time.sleep(0.2)
    told.put((wrong, looks))


HALF = """
select 'subscription', id from stripe.subscriptions as root
where deleted_at is null and not exists (
    select 1 from stripe.subscription_items as part where part.subscription_id = root.id
    and part.read_at = root.read_at and part.stripe_account_id = root.stripe_account_id
)
union all select 'invoice', id from stripe.invoices as root
where deleted_at is null and not exists (
    select 1 from stripe.invoice_lines as part where part.invoice_id = root.id
    and part.read_at = root.read_at and part.stripe_account_id = root.stripe_account_id
)
"""


def _mixed(lake: RestLake) -> list[Any]:
    """Marts of one build have the same accounts."""
    shared = current(lake.catalog)
    if not shared:
        return []
    counts = {len(rows(lake, name, shared)) for name in ("accounts", "account_traits")}
    return [("marts", counts)] if len(counts) > 1 else []


def rows(lake: RestLake, name: str, shared: dict[str, Any]) -> list[Any]:
    table = lake.catalog.load_table((MARTS, name))
    with duckdb.connect() as database:
        database.register("found", table.scan(snapshot_id=shared[name]["snapshot"]).to_arrow())
        return database.execute("from found order by all").fetchall()


def test_what_several_loaders_bring_and_a_builder_makes_is_what_one_file_has(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended, told = FORKED.Event(), FORKED.Queue()
    for name, value in world.house.environment.items():
        monkeypatch.setenv(name, value)
    arguments = (world.house.url(), world.house.environment, tmp_path, ended, told)
    watcher = FORKED.Process(target=watch, args=arguments, daemon=True)
    watcher.start()

    # The import: all are killed, the second time later; one of them is whole before the others.
    assert world.kill_loads(after=1.0) == [KILLED] * len(world.loaders)
    assert KILLED in world.kill_loads(after=2.5)
    well(world.load(FIRST))
    well(world.begin("builder", "build", "deliver"))
    world.load_well()
    world.build()

    # A day on which the second loader's network is cut, and then the whole store is silent.
    world.live(seed=1)
    loader = world.load(HIT)
    loader.wait(worked=1.0)
    with world.cut():
        time.sleep(CUT_SECONDS)
    assert loader.ended() in (0, FORESEEN)
    loads = world.loads()
    with world.house.away():
        time.sleep(5)
    assert {one.ended() for one in loads} <= {0, FORESEEN}
    world.load_well()
    builder = world.begin("builder", "build")
    builder.kill_after(4)
    builder.ended()
    world.build()

    # Another day, on which loads are killed, and a builder while it shares its marts.
    world.live(seed=3)
    world.kill_loads(after=0.6)
    world.load_well()
    killed = world.begin("builder", "build")
    _kill_while_shared(killed, world.lake)
    world.build()

    _a_spare_takes_over(world)
    ended.set()
    wrong, looks = told.get(timeout=PATIENCE_SECONDS)
    assert wrong == []
    assert looks > 10
    _same(world)

    _with_another_key(world, monkeypatch)
    world.live(seed=21)
    world.load_well()
    world.build()
    _same(world)


def _a_spare_takes_over(world: World) -> None:
    """A host dies in the middle of a load; while the one that replaces it, with a DATA_DIR and a
    clock of its own, reads everything, it comes back by mistake, and both load for a while. Then
    somebody has it take the account back, and in the end the other one again."""
    world.live(seed=5)
    world.load(HIT).kill_after(0.6)
    _kill_once_it_has_taken(world, world.load(SPARE))
    assert "sync --full" in refused(world.load(HIT))
    both = [world.load(SPARE), world.load(HIT)]
    assert [one.ended() for one in both] == [0, FORESEEN]
    world.build()
    for number in range(3):
        world.live(seed=7 + 2 * number)
        both = [world.load(SPARE), world.load(HIT)]
        well(world.begin("builder", "build"))
        assert [one.ended() for one in both] == [0, FORESEEN]
    both = [world.load(SPARE), world.load(HIT, "full")]
    assert both[0].ended() in (0, FORESEEN)
    assert both[1].ended() == 0
    assert "sync --full" in refused(world.load(SPARE))
    overtaken = world.load(HIT)
    _kill_once_it_has_taken(world, world.load(SPARE, "full"))
    assert overtaken.ended() in (0, FORESEEN)
    world.loaders = (FIRST, SPARE)
    world.load_well()
    assert "sync --full" in refused(world.load(HIT))
    world.build()


def _kill_once_it_has_taken(world: World, loader: Begun) -> None:
    """A bit later."""
    loads, account = world.lake.whole_loads, world.stores[1].account_id
    before = loads.loader(account)
    while loader.process.exitcode is None and loads.loader(account) == before:
        time.sleep(0.02)
    time.sleep(0.5)
    loader.kill()
    assert loader.ended() in (0, KILLED)


def _with_another_key(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bucket's, from now on; who has the old one says so, and does not say it."""
    old = world.house.environment
    world.house = world.house.with_new_key("second_key", "other_word")
    for name, value in world.house.environment.items():
        monkeypatch.setenv(name, value)
    said = refused(world.load(FIRST, settings=old))
    assert "ICEBERG_CREDENTIAL" in said
    assert not any(secret in said for secret in ("hidden_word", "other_word"))


def _kill_while_shared(builder: Begun, lake: RestLake) -> None:
    """Once it has given a mart to the lake, and not said yet that it is of a build."""
    name = (MARTS, "mrr_breakdown")
    before = lake.catalog.load_table(name).current_snapshot()
    while builder.process.exitcode is None:
        if lake.catalog.load_table(name).current_snapshot() != before:
            builder.kill()
        time.sleep(0.02)
    assert builder.ended() == KILLED


def _same(world: World) -> None:
    """Every mart, row for row: in the builder's published copy, and as Iceberg tables."""
    with (
        duckdb.connect(str(world.folder / "builder/data/marts.duckdb")) as built,
        duckdb.connect(str(world.folder / "file/data/marts.duckdb")) as file,
    ):
        names = [name for (name,) in file.execute(PUBLISHED).fetchall()]
        assert names == [name for (name,) in built.execute(PUBLISHED).fetchall()]
        assert {"account_traits", "mrr_breakdown", "mrr_movements"} <= set(names)
        for name in names:
            assert _of(built, name) == _of(file, name), name
        mrr = file.execute("select currency, mrr::varchar from mrr_now order by 1").fetchall()
    asked = "select currency, cast(mrr as varchar) from lake.marts.mrr_now order by 1"
    assert [tuple(row) for row in answer(world.house, asked)] == mrr
    _same_in_lake(world)


def _same_in_lake(world: World) -> None:
    lake = world.lake
    shared = current(lake.catalog)
    assert len(shared) > 15
    with duckdb.connect(str(world.folder / "builder/data/warehouse.duckdb")) as warehouse:
        for name in shared:
            expected = warehouse.execute(f"from marts.{name} order by all").fetchall()
            assert rows(lake, name, shared) == expected, name


PUBLISHED = """
select table_name from duckdb_tables()
where schema_name = 'main' and not temporary and table_name not like 'sync_%' order by 1
"""


def _of(database: duckdb.DuckDBPyConnection, name: str) -> list[Any]:
    described = database.execute(f"describe {name}").fetchall()
    columns = [row[0] for row in described if row[0] not in ("loaded_at", "read_at")]
    return database.execute(f"select {', '.join(columns)} from {name} order by all").fetchall()
