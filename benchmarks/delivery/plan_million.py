"""How long a plan takes over many accounts of which few changed, and how much memory.

Enters: --accounts, --traits, --changes. Leaves: a table on the terminal. The store is SQLite; the
state says that all accounts were acknowledged, as after a first import.
"""

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

from benchmarks.build.account_marts import AS_OF, publish, traits_sql
from benchmarks.showing import Rows, arguments
from reverse_sync.plan.planning import read
from reverse_sync.state.schema import prepare
from reverse_sync.stores.target import Target
from reverse_sync.stores.url import opened
from reverse_sync.sync import preview
from reverse_sync.sync_request import SyncContext, SyncRequest


def fill(folder: Path, target: Target, *, accounts: int, traits: int, changes: int) -> None:
    """Published marts of which `changes` accounts differ from the acknowledged ones."""
    publish(folder, accounts=accounts, traits=traits, changed=changes, generation=1)
    with opened(target) as store:
        held = read(store, "single")
        store.write_tracking(held.changes, at=AS_OF)
    with duckdb.connect(str(folder / "warehouse.duckdb")) as warehouse:
        warehouse.execute("set memory_limit = '4GB'")
        prepare(warehouse)
        warehouse.execute(
            "insert into sync.sync_snapshot by name select account_id, name, traits,"
            " md5(traits) as source_md5, $tracking as tracking, 1 as version,"
            " timestamp '2025-06-14' as acknowledged_at, 'subscribed' as lifecycle_status,"
            f" (10 + i % 90)::varchar as mrr, 'usd' as currency, {traits} as traits_held from ("
            " select 'account_' || i as account_id, 'Account ' || i as name, i,"
            f" {traits_sql(traits)} as traits from range({accounts}) as r (i))",
            {"tracking": held.tracking.digest},
        )


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--accounts", type=int, default=1_000_000)
    parser.add_argument("--traits", type=int, default=40)
    parser.add_argument("--changes", type=int, default=1_000)
    parser.add_argument("--folder", type=Path, help="filled already: only plan")
    options = parser.parse_args()
    if options.folder:
        planned(options.folder, as_json=options.json)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        target = Target(url=f"sqlite:///{folder}/accounts.db", folder=folder)
        counts = {"accounts": options.accounts, "traits": options.traits}
        fill(folder, target, changes=options.changes, **counts)
        # A process of its own: its peak memory is the plan's alone.
        command = [sys.executable, "-m", "benchmarks.delivery.plan_million", "--folder", name]
        subprocess.run([*command, *(["--json"] if options.json else [])], check=True)


def planned(folder: Path, *, as_json: bool) -> None:
    """Plans once and prints what it took."""
    context = SyncContext(
        marts_path=folder / "marts.duckdb",
        warehouse=lambda: duckdb.connect(str(folder / "warehouse.duckdb")),
        target=Target(url=f"sqlite:///{folder}/accounts.db", folder=folder),
        multiple_subscriptions=False,
    )
    began = time.monotonic()
    # The store was filled for the plan alone: that it is behind is known.
    request = SyncRequest(
        run_id="plan", as_of=AS_OF, now=AS_OF, overridden=frozenset({"store_behind"})
    )
    found = preview(context, request)
    seconds = time.monotonic() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    shown = Rows("accounts", "changes", "seconds", "peak MiB")
    counts = f"{found.plan.selected:,}", f"{len(found.rows):,}"
    shown.add([*counts, f"{seconds:.1f}", f"{peak:,.0f}"])
    shown.end({"seconds": seconds, "peak": peak}, as_json=as_json)


if __name__ == "__main__":
    main()
