"""All accounts to three account stores, one after the other and at once.

Enters: --accounts, --traits. Leaves: a table, or JSON, in seconds; exit code 1 where the goal is
missed. They go as in a `sync`, alone and at once: each in a process of its own, whose start counts,
from one published copy, with its own records.
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
from benchmarks.delivery.reverse_sync import STORES, all_delivered, timed
from benchmarks.showing import Rows, arguments
from reverse_sync.sync_request import SyncContext

MOST = 1.3  # times the slowest of them


@contextmanager
def three(marts: Path) -> Iterator[dict[str, SyncContext]]:
    """New ones, that hold nothing."""
    with ExitStack() as stack:
        made = {}
        for store, opened in STORES.items():
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


def measured(accounts: int, traits: int) -> dict[str, float]:
    """Seconds of each alone, and of all at once."""
    with tempfile.TemporaryDirectory(prefix="rs-") as name:
        publish(Path(name), accounts=accounts, traits=traits)
        marts = Path(name) / "marts.duckdb"
        with three(marts) as stores:
            found = {
                store: timed(partial(_delivered, [around], "alone", accounts))
                for store, around in stores.items()
            }
        shared = Path(name) / "plans"
        shared.mkdir()
        with three(marts) as stores:
            at_once = [replace(store, shared_plans=shared) for store in stores.values()]
            found["at once"] = timed(partial(_delivered, at_once, "once", accounts))
    return found


def _delivered(stores: list[SyncContext], run_id: str, accounts: int) -> None:
    count = len(stores)
    with ProcessPoolExecutor(count, mp_context=get_context("spawn")) as pool:
        list(pool.map(all_delivered, stores, [run_id] * count, [accounts] * count))


def options() -> argparse.Namespace:
    parser = arguments(__doc__)
    parser.add_argument("--accounts", type=int, default=100_000)
    parser.add_argument("--traits", type=int, default=40)
    return parser.parse_args()


def main() -> None:
    given = options()
    found = measured(given.accounts, given.traits)
    slowest = max(seconds for store, seconds in found.items() if store != "at once")
    ratio = found["at once"] / slowest
    shown = Rows(f"{given.accounts:,} accounts, seconds", *found, "times the slowest", "goal")
    shown.add(
        ["all created", *(f"{one:,.1f}" for one in found.values()), f"{ratio:.2f}", f"{MOST}"]
    )
    missed = [f"at once: {ratio:.2f} times the slowest"] if ratio > MOST else []
    sys.exit(shown.end(found | {"ratio": ratio}, as_json=given.json, missed=missed))


if __name__ == "__main__":
    main()
