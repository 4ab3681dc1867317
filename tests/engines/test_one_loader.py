"""Of one Stripe account there is one loader in a lakehouse: who takes it over overtakes another."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from lake_stripe import LakeStripe, same
from local_stripe import NOW, LocalStripe
from pyiceberg.exceptions import CommitFailedException

from ingestion.accounts import load_all
from ingestion.engines.iceberg.file_swap import replace_files
from ingestion.engines.iceberg.rest_lake import RestLake
from ingestion.engines.unreachable import AccountTaken
from ingestion.inbox.events_db import Inbox
from ingestion.inbox.loader import Loader
from ingestion.landing import TABLES
from ingestion.merge.warehouse import Landing
from ingestion.stripe_api.reader import Page
from orchestration.warehouse.landed_copy import bring
from sandbox import builders, clock
from sandbox.business import driver
from sandbox.population import Population
from sandbox.server import populate
from tests.lakehouse.server import BUCKET

pytestmark = pytest.mark.lakehouse
ACCOUNT = "acct_1"
BEGAN = datetime.fromisoformat("2026-01-01")


class Host:
    """A loader's DATA_DIR, and its own client of the lake."""

    def __init__(self, folder: Path, tables: RestLake, stack: ExitStack) -> None:
        folder.mkdir()
        self.folder = folder
        self.lake = RestLake(tables.uri, tables.warehouse, tables.options, tables.credential)
        self.inbox = stack.enter_context(Inbox.open(folder / "events.db"))

    def loader(self, *, everything: bool = False) -> Loader:
        return Loader(self.inbox, ACCOUNT, everything=everything)

    def land(self, minute: int, *, few_bytes: int | None = None, **names: str) -> None:
        """One merge of customers; through dlt if it is of more than `few_bytes`."""
        at = BEGAN + timedelta(minutes=minute)
        made = [builders.customer(id=one, name=name, created=NOW) for one, name in names.items()]
        landing = Landing(
            self.lake,
            self.folder,
            stripe_account_id=ACCOUNT,
            loaded_at=at,
            few_bytes=few_bytes,
        )
        landing.merge(iter([Page("customers", made, at)]))


@pytest.fixture
def hosts(tables: RestLake, tmp_path: Path) -> Iterator[tuple[Host, Host]]:
    with ExitStack() as stack:
        yield (
            Host(tmp_path / "first", tables, stack),
            Host(tmp_path / "second", tables, stack),
        )


def built(tables: RestLake, folder: Path) -> list[Any]:
    """What a builder that is new would build of."""
    path = folder / "built.duckdb"
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path)) as database:
        bring(tables, database, at=datetime.now(UTC))
        return database.execute("select id, name from stripe.customers order by 1").fetchall()


def test_who_is_overtaken_in_the_middle_of_a_load_lands_nothing_more(
    tables: RestLake, hosts: tuple[Host, Host], tmp_path: Path
) -> None:
    first, second = hosts
    with first.lake.whole_load(ACCOUNT, first.loader()):
        first.land(1, cus_1="whole", cus_2="whole")
    whole = built(tables, tmp_path)
    # The clock of the first one is ahead: its reads are later than those of the second.
    with first.lake.whole_load(ACCOUNT, first.loader()):
        first.land(50, cus_1="half")
        before = first.lake.todays("customers")
        with second.lake.whole_load(ACCOUNT, second.loader()):
            assert built(tables, tmp_path) == whole
            second.land(51, cus_1="second")
            with pytest.raises(CommitFailedException):  # what the first one had read already
                replace_files(before, [], [task.file for task in before.scan().plan_files()])
            second.land(51, cus_2="second")
        assert built(tables, tmp_path) == [("cus_1", "second"), ("cus_2", "second")]
        for few_bytes in (None, 0):
            with pytest.raises(AccountTaken, match="sync --full"):
                first.land(52, few_bytes=few_bytes, cus_2="half")
    assert built(tables, tmp_path) == [("cus_1", "second"), ("cus_2", "second")]


def test_the_end_of_an_overtaken_load_makes_nothing_whole(
    tables: RestLake, hosts: tuple[Host, Host], tmp_path: Path
) -> None:
    first, second = hosts
    with first.lake.whole_load(ACCOUNT, first.loader()):
        first.land(1, cus_1="first")
    with ExitStack() as second_load:
        second_load.enter_context(second.lake.whole_load(ACCOUNT, second.loader()))
        second.land(2, cus_1="second")
        with first.lake.whole_load(ACCOUNT, first.loader(everything=True)):
            first.land(3, cus_1="half")
            second_load.close()
            assert built(tables, tmp_path) == [("cus_1", "first")]
    assert built(tables, tmp_path) == [("cus_1", "half")]


def test_of_two_that_begin_at_once_what_is_whole_is_one_load(
    tables: RestLake, tmp_path: Path
) -> None:
    def load(name: str) -> str:
        with ExitStack() as stack:
            host = Host(tmp_path / name, tables, stack)
            together.wait()
            with suppress(AccountTaken), host.lake.whole_load(ACCOUNT, host.loader()):
                for customer in ("cus_1", "cus_2", "cus_3"):
                    host.land(1, **{customer: name})
                return name
        return ""

    for number in range(3):
        together = Barrier(2)
        with ThreadPoolExecutor(2) as pool:
            ended = list(pool.map(load, (f"one_{number}", f"other_{number}")))
        found = built(tables, tmp_path)
        assert [customer for customer, _ in found] == ["cus_1", "cus_2", "cus_3"]
        [name] = {name for _, name in found}
        assert name in ended


def test_a_table_is_made_with_its_partition_in_one_request(
    hosts: tuple[Host, Host], tables: RestLake
) -> None:
    """Some catalogs refuse to stage a table, and to change how it is partitioned."""
    first, _ = hosts
    with first.lake.whole_load(ACCOUNT, first.loader()):
        first.land(1, cus_1="one")
    metadata = tables.catalog.load_table("stripe.customers").metadata
    [spec] = metadata.partition_specs
    assert [field.name for field in spec.fields] == ["stripe_account_id"]
    assert len(tables.catalog.list_tables("stripe")) == len(TABLES)


def test_a_table_of_glue_is_below_its_database(tables: RestLake) -> None:
    """Glue asks for a place; what is here takes one, too."""
    said = (*tables.options, ("rest.signing-name", "glue"))
    glue = RestLake(tables.uri, tables.warehouse, said, tables.credential).catalog
    place = f"s3://{BUCKET}/of_the_database"
    glue.create_namespace("of_glue", {"location": f"{place}/"})
    made = glue.create_table_if_not_exists(("of_glue", "one"), pa.schema([("id", pa.string())]))
    assert made.location() == f"{place}/one"


def test_an_account_goes_from_loader_to_loader_and_is_what_a_file_has(
    local_stripe: LocalStripe, tables: RestLake, tmp_path: Path
) -> None:
    """The one that comes back is refused, and told how to take it over; who does reads all."""
    first, second = (
        LakeStripe(
            local_stripe.store,
            local_stripe.url,
            folder,
            RestLake(tables.uri, tables.warehouse, tables.options, tables.credential),
        )
        for folder in (tmp_path / "one", tmp_path / "other")
    )
    for one in (first, second):
        one.folder.mkdir()
    store = local_stripe.store
    populate(store, Population(10, 1, NOW))
    assert [first.load().full, first.load().full, local_stripe.load().full] == [True, False, True]
    gone = min(one["id"] for one in store.objects("customer"))
    store.delete("customer", gone, now=clock.now(store))
    driver.live(store, days=1, seed=1)
    assert [second.load().full, second.load().full] == [True, False]
    local_stripe.load()
    assert same(second, local_stripe)
    with pytest.raises(AccountTaken, match=f"{store.account_id} has another loader now"):
        load_all([first.connection()], first.paths)
    driver.live(store, days=1, seed=2)
    assert [first.load(full=True).full, first.load().full] == [True, False]
    with pytest.raises(AccountTaken):
        second.load()
    local_stripe.load()
    assert same(first, local_stripe)
