"""All accounts to three account stores, one after the other and at once.

Enters: --accounts, --traits, --latency: seconds that the HTTP store takes for an answer. Leaves: a
row for each latency, or JSON, in seconds; exit code 1 where the goal is missed. They go as in a
`sync`, alone and at once: each in a process of its own, whose start counts, from one published
copy, with its own records. On this machine all share its processors, stores and what sends.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import duckdb

from benchmarks.build.account_marts import publish
from benchmarks.delivery.reverse_sync import STORES, all_delivered, timed, webhook
from benchmarks.showing import Rows, arguments
from reverse_sync.sync_request import SyncContext

AT_ONCE = "at once"
MOST = 1.3  # times the slowest of them


@contextmanager
def three(marts: Path, latency: float) -> Iterator[dict[str, SyncContext]]:
    """New ones, that hold nothing."""
    with ExitStack() as stack:
        made = {}
        for store, opened in (STORES | {"HTTP": partial(webhook, latency=latency)}).items():
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rs-")))
            target = stack.enter_context(opened(folder))
            made[store] = SyncContext(
                marts_path=marts,
                warehouse=partial(_opened, str(folder / "records.duckdb")),
                target=target,
                multiple_subscriptions=False,
            )
        yield made


def _opened(path: str) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(path)


def measured(accounts: int, traits: int, latency: float) -> dict[str, float]:
    """Seconds of each alone, and of all at once."""
    with tempfile.TemporaryDirectory(prefix="rs-") as name:
        publish(Path(name), accounts=accounts, traits=traits)
        marts = Path(name) / "marts.duckdb"
        with three(marts, latency) as stores:
            found = {
                store: timed(partial(_delivered, [around], "alone", accounts))
                for store, around in stores.items()
            }
        shared = Path(name) / "plans"
        shared.mkdir()
        with three(marts, latency) as stores:
            at_once = [replace(store, shared_plans=shared) for store in stores.values()]
            found[AT_ONCE] = timed(partial(_delivered, at_once, "once", accounts))
    return found


def _delivered(stores: list[SyncContext], run_id: str, accounts: int) -> None:
    count = len(stores)
    with ProcessPoolExecutor(count, mp_context=get_context("spawn")) as pool:
        list(pool.map(all_delivered, stores, [run_id] * count, [accounts] * count))


def options() -> argparse.Namespace:
    parser = arguments(__doc__)
    parser.add_argument("--accounts", type=int, default=100_000)
    parser.add_argument("--traits", type=int, default=40)
    parser.add_argument("--latency", type=float, nargs="+", default=[0.0, 0.05])
    return parser.parse_args()


def main() -> None:
    given = options()
    what = (f"{given.accounts:,} accounts, seconds", "HTTP answers after")
    shown = Rows(*what, *STORES, AT_ONCE, "times the slowest", "goal")
    rows = {}
    for latency in given.latency:
        found = measured(given.accounts, given.traits, latency)
        seconds = [f"{one:,.1f}" for one in found.values()]
        rows[latency] = found | {"ratio": found[AT_ONCE] / max(found[store] for store in STORES)}
        ratio = f"{rows[latency]['ratio']:.2f}"
        shown.add(["all created", f"{latency * 1000:.0f} ms", *seconds, ratio, f"{MOST}"])
    missed = [
        f"at once, HTTP answers after {latency * 1000:.0f} ms: {row['ratio']:.2f} times the slowest"
        for latency, row in rows.items()
        if row["ratio"] > MOST
    ]
    sys.exit(shown.end(rows, as_json=given.json, missed=missed))


if __name__ == "__main__":
    main()
