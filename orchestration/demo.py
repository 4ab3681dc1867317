"""The demo: the whole way of the data on a made-up business, through the commands a user types.

Enters: nothing but free disk space. Leaves: `data/demo` with the sandbox's state, the warehouse,
the published marts and a SQLite account store; on the terminal what happened and what to type next.
"""

import os
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from orchestration.configuration.settings import SANDBOX_KEY
from orchestration.dagster_local.demo_world import FOLDER, PROGRAM, SETTINGS, STATE, local_stripe
from orchestration.project import INSTALLED
from orchestration.publication.marts import reading
from orchestration.terminal.printable import Terminal
from orchestration.whole_file import write_whole

SANDBOX = "http://127.0.0.1:12111"  # where `stripe-traits sandbox` serves
CUSTOMERS = 2000
console = Terminal(highlight=False, soft_wrap=True)


def main() -> None:
    began = time.monotonic()
    console.rule("1  A local Stripe: two years of a made-up business")
    _new_folder()
    options = ("--customers", str(CUSTOMERS), "--now", _yesterday())
    with local_stripe(FOLDER / STATE, *options) as base_url:
        console.print(f"sandbox ready: {base_url}")
        environment = _environment(base_url)
        console.rule("2  Initial import, traits and MRR, account store")
        _type("stripe-traits sync", environment)
        console.rule("3  Again: only what changed is read, and nothing is sent twice")
        _type("stripe-traits sync", environment)
        console.rule("4  A day of business at Stripe, and what of it reaches the account store")
        _let_a_day_pass(base_url)
        _type("stripe-traits sync", environment)
    console.rule("5  What is there now")
    _type("stripe-traits status", environment)
    _type(f"stripe-traits explain {_an_account()} all_mrr_normalized", environment)
    console.rule(f"done in {time.monotonic() - began:.0f} seconds")
    console.print(_next(), markup=False)


def _new_folder() -> None:
    """The last demo's goes: each one begins anew."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)


def _yesterday() -> str:
    """The sandbox's today: the day that passes ends before who refreshes the demo later."""
    return f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%d}"


def _let_a_day_pass(base_url: str) -> None:
    """The sandbox's business goes on for a day."""
    with httpx.Client(
        base_url=base_url, headers={"Authorization": f"Bearer {SANDBOX_KEY}"}, timeout=60
    ) as sandbox:
        sandbox.post("/sandbox/live", data={"days": 1, "seed": 1}).raise_for_status()


def _environment(base_url: str) -> dict[str, str]:
    """The demo's settings, whatever this shell or .env says. They stay in its folder, for what is
    typed next."""
    ours = {
        "STRIPE_API_BASE": base_url,
        "STRIPE_API_KEY": "",
        "DATA_DIR": str(FOLDER),
        "WAREHOUSE_URL": "",
        "ACCOUNT_STORE_URL": "",
        "ACCOUNT_ID_METADATA_KEY": "account_id",
        "MULTIPLE_SUBSCRIPTIONS": "true",
    }
    kept = {**ours, "STRIPE_API_BASE": SANDBOX}
    lines = [f"{name}={value}\n" for name, value in kept.items()]
    write_whole(FOLDER / SETTINGS, "".join(lines))
    return {**os.environ, **ours}


def _type(command: str, environment: dict[str, str]) -> None:
    console.print(f"[bold]$ {command}[/bold]")
    finished = subprocess.run([*PROGRAM, *command.split()[1:]], env=environment, check=False)
    if finished.returncode:
        raise SystemExit(finished.returncode)


def _an_account() -> str:
    """The account with the most subscriptions, the first by id: worth an explanation."""
    with reading(FOLDER / "marts.duckdb") as database:
        row = database.execute(
            "select account_id from multi_subscription_traits where all_mrr_normalized is not null"
            " order by len(subscription_ids) desc, account_id limit 1"
        ).fetchone()
    return str(row[0]) if row else ""


def _next() -> str:
    """What to type in this folder: of a checkout, whose `make` needs no path, or of any other."""
    page, report = (
        ("make ui", "make report")
        if not INSTALLED
        else ("stripe-traits ui", f"DATA_DIR={FOLDER} stripe-traits report --open")
    )
    path = "" if shutil.which("stripe-traits") else f'; PATH="{Path(sys.executable).parent}:$PATH"'
    python = sys.executable if INSTALLED else "python"
    return f"""\
What to type next, in this folder:
  {report:<48} its pages: MRR, accounts, http://127.0.0.1:4000
  {page:<48} its runs on Dagster's page, beside its Stripe
  set -a; . {FOLDER}/{SETTINGS}; set +a{path}
  stripe-traits explain ACCOUNT mrr_normalized     why an account shows a value
  {python} -c "import duckdb; print(duckdb.connect('{FOLDER}/marts.duckdb').sql(
      'select * from account_traits limit 5'))"                       query the marts
  {python} -c "import sqlite3; print(*sqlite3.connect('{FOLDER}/accounts.db').execute(
      'select * from accounts limit 5'), sep='\\n')"              look at the account store
  stripe-traits sandbox --data {FOLDER}/{STATE}    its Stripe; then, elsewhere: stripe-traits sync
Your own Stripe account: README.md, five lines."""
