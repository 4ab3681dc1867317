"""`make demo`: the whole way of the data on a made-up business, through the commands a user types.

Enters: nothing but free disk space. Leaves: `data/demo` with the sandbox's state, the warehouse, the
published marts and a SQLite account store, and on the terminal what happened and what to type next.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from orchestration.transform import PROJECT

DATA_DIR = Path("data/demo")
PORT = 12111
CUSTOMERS = 2000
READY_SECONDS = 120
console = Console(highlight=False, soft_wrap=True)


def main() -> None:
    os.chdir(PROJECT)
    began = time.monotonic()
    console.rule("1  A local Stripe: two years of a made-up business")
    with _sandbox() as base_url:
        environment = _environment(base_url)
        console.rule("2  Initial import, traits and MRR, account store: one Dagster job")
        _type("stripe-traits sync", environment)
        console.rule("3  Again: only what changed is read, and nothing is sent twice")
        _type("stripe-traits sync", environment)
    console.rule("4  What is there now")
    _type("stripe-traits status", environment)
    _type(f"stripe-traits explain {_an_account()}", environment)
    console.rule(f"done in {time.monotonic() - began:.0f} seconds")
    _say_what_is_next()


@contextmanager
def _sandbox() -> Iterator[str]:
    """The sandbox as a process of its own; its address once it serves."""
    state = DATA_DIR / "sandbox.db"
    DATA_DIR.mkdir(parents=True, exist_ok=True)
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
    assert process.stdout is not None
    for line in process.stdout:
        console.print(line.rstrip())
        if line.startswith("sandbox ready: "):
            return line.split()[-1]
    raise SystemExit("the sandbox ended before it served; its message stands above")


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
    finished = subprocess.run(
        [_program(), *command.split()[1:]], env=environment, check=False
    )
    if finished.returncode:
        raise SystemExit(finished.returncode)


def _program() -> str:
    return str(Path(sys.executable).with_name("stripe-traits"))


if __name__ == "__main__":
    main()
