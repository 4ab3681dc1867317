"""What a page of the report costs at 100,000 accounts, and a CSV of all of them.

Enters: --accounts, --turns, --seed, or --marts: a published copy to multiply. Leaves: a table, or
JSON; exit code 1 where a goal is missed. The accounts are those of a sandbox of 2,000 customers,
again and again, with all their subscriptions, invoices and changes.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from urllib.parse import quote

import duckdb
import httpx

from benchmarks.load.initial_import import CONDITIONS, sandbox
from benchmarks.processes import PROGRAM, environment, process
from benchmarks.showing import Rows, arguments

COLUMNS = ("what", "accounts", "median", "slowest", "goal")
PAGE, FILE, IMPORT, MEMORY = 0.1, 2.0, 0.3, 300.0
FILTER = quote(
    '[{"field": "subscription_interval", "operator": "is", "value": "year"},'
    ' {"field": "all_mrr_normalized", "operator": "over", "value": "100"},'
    ' {"field": "card_expiration", "operator": "before_field", "value": "current_period_end"},'
    ' {"field": "metadata.segment", "operator": "is", "value": "smb"}]'
)
IDS = ("account_id", "customer_id", "subscription_id", "invoice_id", "subscription_item_id")


def multiplied(marts: Path, accounts: int, tables: Sequence[str] = ()) -> str:
    """Each account again and again under other ids, until there are so many; the last one's id.
    `tables`: these alone; none named: all that have accounts."""
    with duckdb.connect(str(marts)) as database:
        [(held,)] = database.execute("select count(*) from accounts").fetchall()
        columns = database.execute(
            "select table_name, list(column_name order by column_index) from duckdb_columns()"
            " where schema_name = 'main' and not internal group by 1"
            " having list_contains(list(column_name), 'account_id')"
        ).fetchall()
        for table, names in columns:
            if tables and table not in tables:
                continue
            again = ", ".join(
                f"{name} || '-' || n" if name in IDS else f'"{name}"' for name in names
            )
            database.execute(
                f'insert into "{table}" select {again} from "{table}",'
                f" range(1, {-(-accounts // held)}) as r (n)"
            )
        [(last,)] = database.execute("select max(account_id) from accounts").fetchall()
    return str(last)


@contextmanager
def published(given: Path | None, seed: int, folder: Path) -> Iterator[Path]:
    """A copy of the given one, or that of a business made for this."""
    marts = folder / "data" / "marts.duckdb"
    if given:
        marts.parent.mkdir()
        marts.write_bytes(given.read_bytes())
    else:
        with sandbox(2_000, seed, folder, CONDITIONS[0]) as url:
            settings = {"ACCOUNT_ID_METADATA_KEY": "account_id", "MULTIPLE_SUBSCRIPTIONS": "true"}
            given_settings = environment(
                STRIPE_API_BASE=url, DATA_DIR=str(marts.parent), **settings
            )
            command = [PROGRAM, "sync", "--as-of", "2025-06-15"]
            subprocess.run(
                command, env=given_settings, cwd=folder, stdout=subprocess.DEVNULL, check=True
            )
    yield marts


def addresses(account: str) -> dict[str, str]:
    """What is asked for, by its name."""
    return {
        "overview": "/",
        "movements": "/movements",
        "retention": "/retention",
        "accounts": "/accounts",
        "accounts, four conditions": f"/accounts?where={FILTER}",
        "accounts, search": "/accounts?search=bakery",
        "accounts, by renewal": "/accounts?sort=current_period_end&order=asc",
        "an account": f"/account?id={quote(account)}",
        "trials and renewals": "/upcoming?days=90",
        "data quality": "/quality",
        "CSV of all accounts": "/accounts?format=csv",
    }


def asked(client: httpx.Client, address: str, turns: int) -> list[float] | None:
    """Seconds of each turn after a first one; None: there is no such page."""
    took = []
    for _ in range(turns + 1):
        began = time.monotonic()
        answer = client.get(address)
        if answer.status_code == 404:
            return None
        answer.raise_for_status()
        took.append(time.monotonic() - began)
    return took[1:]


def importing(turns: int) -> list[float]:
    """Seconds that `import report.serving.app` takes in a new Python, by Python's own account."""
    program = (
        "import time; t = time.monotonic(); import report.serving.app; print(time.monotonic() - t)"
    )
    return [
        float(subprocess.check_output([sys.executable, "-c", program], text=True))
        for _ in range(turns)
    ]


def peak(process_id: int) -> float:
    """The most memory that a process held, in MiB."""
    status = Path(f"/proc/{process_id}/status").read_text().splitlines()
    return int(next(line.split()[1] for line in status if line.startswith("VmHWM"))) / 1024


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--accounts", type=int, default=100_000)
    parser.add_argument("--turns", type=int, default=9)
    parser.add_argument("--marts", type=Path)
    options = parser.parse_args()
    shown, found, lost = Rows(*COLUMNS), [], []

    def told(what: str, values: list[float], goal: float, unit: str = "s") -> None:
        cells = [what, f"{options.accounts:,}", *(f"{f(values):.3f} {unit}" for f in (median, max))]
        shown.add([*cells, f"{goal:g} {unit}"])
        found.append({"what": what, "values": values, "goal": goal})
        if median(values) > goal:
            lost.append(f"{what}: {median(values):.3f} {unit}, goal {goal:g}")

    told("import", importing(options.turns), IMPORT)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with published(options.marts, options.seed, folder) as marts:
            account = multiplied(marts, options.accounts)
        command = [PROGRAM, "report", "--port", "0"]
        with process(command, folder) as serving:
            url = (serving.stdout.readline() if serving.stdout else "").split()[1]
            with httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
                for what, address in addresses(account).items():
                    if took := asked(client, address, options.turns):
                        told(what, took, FILE if "CSV" in what else PAGE)
            told("memory at its peak", [peak(serving.pid)], MEMORY, "MiB")
    return shown.end(found, as_json=options.json, missed=lost)


if __name__ == "__main__":
    sys.exit(main())
