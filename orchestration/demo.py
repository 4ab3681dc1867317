"""`make demo`: the whole way of the data on a made-up business, through the commands a user types.

Enters: nothing but free disk space. Leaves: `data/demo` with the sandbox's state, the warehouse,
the published marts and a SQLite account store; on the terminal what happened and what to type next.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx

from orchestration.configuration.settings import SANDBOX_KEY
from orchestration.project import PROJECT
from orchestration.publication.marts import reading
from orchestration.terminal.printable import Terminal

DATA_DIR = Path("data/demo")
CUSTOMERS = 2000
console = Terminal(highlight=False, soft_wrap=True)


def main() -> None:
    os.chdir(PROJECT)
    began = time.monotonic()
    console.rule("1  A local Stripe: two years of a made-up business")
    with _sandbox() as base_url:
        environment = _environment(base_url)
        console.rule("2  Initial import, traits and MRR, account store")
        _type("stripe-traits sync", environment)
        console.rule("3  Again: only what changed is read, and nothing is sent twice")
        _type("stripe-traits sync", environment)
        console.rule("4  A day of business at Stripe, and what of it reaches the account store")
        as_of = _let_a_day_pass(base_url)
        _type(f"stripe-traits sync --as-of {as_of:%Y-%m-%dT%H:%M:%SZ}", environment)
    console.rule("5  What is there now")
    _type("stripe-traits status", environment)
    _type(f"stripe-traits explain {_an_account()} all_mrr_normalized", environment)
    console.rule(f"done in {time.monotonic() - began:.0f} seconds")
    console.print(NEXT, markup=False)


@contextmanager
def _sandbox() -> Iterator[str]:
    """The sandbox as a process of its own; its address once it serves."""
    shutil.rmtree(DATA_DIR, ignore_errors=True)  # the last demo's: each one begins anew
    DATA_DIR.mkdir(parents=True)
    state = DATA_DIR / "sandbox.db"
    command = ["sandbox", "--port", "0", "--customers", str(CUSTOMERS), "--data", str(state)]
    process = subprocess.Popen(
        [_program(), *command], stdout=subprocess.PIPE, text=True, env={**os.environ}
    )
    try:
        yield _base_url(process)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30)


def _base_url(process: "subprocess.Popen[str]") -> str:
    for line in process.stdout or ():
        console.print(line.rstrip())
        if line.startswith("sandbox ready: "):
            return line.split()[-1]
    raise SystemExit("the sandbox ended before it served; its message stands above")


def _let_a_day_pass(base_url: str) -> datetime:
    """The sandbox's business goes on for a day; its time afterwards (UTC)."""
    with httpx.Client(
        base_url=base_url, headers={"Authorization": f"Bearer {SANDBOX_KEY}"}, timeout=60
    ) as sandbox:
        sandbox.post("/sandbox/live", data={"days": 1, "seed": 1}).raise_for_status()
        now = sandbox.get("/sandbox/clock").raise_for_status().json()["now"]
    return datetime.fromtimestamp(now, UTC)


def _environment(base_url: str) -> dict[str, str]:
    """The demo's settings, whatever this shell or .env says."""
    ours = {
        "STRIPE_API_BASE": base_url,
        "STRIPE_API_KEY": "",
        "DATA_DIR": str(DATA_DIR),
        "WAREHOUSE_URL": "",
        "ACCOUNT_STORE_URL": "",
        "ACCOUNT_ID_METADATA_KEY": "account_id",
        "MULTIPLE_SUBSCRIPTIONS": "true",
    }
    return {**os.environ, **ours}


def _type(command: str, environment: dict[str, str]) -> None:
    console.print(f"[bold]$ {command}[/bold]")
    finished = subprocess.run([_program(), *command.split()[1:]], env=environment, check=False)
    if finished.returncode:
        raise SystemExit(finished.returncode)


def _an_account() -> str:
    """The account with the most subscriptions, the first by id: worth an explanation."""
    with reading(DATA_DIR / "marts.duckdb") as database:
        row = database.execute(
            "select account_id from multi_subscription_traits where all_mrr_normalized is not null"
            " order by len(subscription_ids) desc, account_id limit 1"
        ).fetchone()
    return str(row[0]) if row else ""


NEXT = f"""\
What to type next, in this folder:
  make report                                      its pages: MRR, accounts, http://127.0.0.1:4000
  export DATA_DIR={DATA_DIR} PATH="$PWD/.venv/bin:$PATH"
  stripe-traits explain ACCOUNT mrr_normalized     why an account shows a value
  python -c "import duckdb; print(duckdb.connect('{DATA_DIR}/marts.duckdb').sql(
      'select * from account_traits limit 5'))"                       query the marts
  python -c "import sqlite3; print(*sqlite3.connect('{DATA_DIR}/accounts.db').execute(
      'select * from accounts limit 5'), sep='\\n')"              look at the account store
  make ui                                          the runs on Dagster's page
Your own Stripe account: README.md, five lines."""


def _program() -> str:
    return str(Path(sys.executable).with_name("stripe-traits"))


if __name__ == "__main__":
    main()
