"""The demo's business, which Dagster's page shows where nothing is configured.

Enters: the folder that the demo left. Leaves: its settings, and its local Stripe as a process for
as long as the page is open.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from dotenv import dotenv_values

from orchestration.configuration.environment import read_settings, why_not_configured

FOLDER = Path("data/demo")
SETTINGS, STATE = "settings.env", "sandbox.db"
PROGRAM = (sys.executable, "-P", "-m", "stripe_traits")


class NoSandbox(Exception):
    """The local Stripe ended before it served; its own message stands above."""


def demo_folder() -> Path | None:
    """The demo that is to be shown: that of DATA_DIR, or the last one where DATA_DIR was never
    used. None: Stripe can be asked with the settings that are there, or there is no demo."""
    if why_not_configured() is None:
        return None
    settings = read_settings(for_stripe=False)
    folder = FOLDER if settings.data_dir == Path("data") else settings.data_dir
    return folder.absolute() if (folder / SETTINGS).exists() else None


def demo_settings(folder: Path) -> dict[str, str]:
    """As the demo left them, by name."""
    kept = {name: value or "" for name, value in dotenv_values(folder / SETTINGS).items()}
    return {**kept, "DATA_DIR": str(folder)}


@contextmanager
def local_stripe(state: Path, *options: str) -> Iterator[str]:
    """A sandbox on that file as a process of its own, on a free port; its address. Raises
    NoSandbox."""
    command = [*PROGRAM, "sandbox", "--port", "0", "--data", str(state), *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ})
    try:
        yield _address(process)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30)


def _address(process: "subprocess.Popen[str]") -> str:
    for line in process.stdout or ():
        if line.startswith("sandbox ready: "):
            return line.split()[-1]
        sys.stdout.write(line)
    raise NoSandbox("the local Stripe ended before it served; its message stands above")


def run_beside_stripe(program: list[str], folder: Path, environment: Mapping[str, str]) -> int:
    """Dagster's processes on the demo, and its local Stripe until they end; their exit code."""
    with local_stripe(folder / STATE) as address:
        settings = {**demo_settings(folder), "STRIPE_API_BASE": address}
        sys.stdout.write(
            f"No Stripe account is configured: this is the demo's business in {folder},\n"
            f"and its local Stripe at {address} while the page is open.\n"
            "Your own account: stripe-traits connect, then this again.\n"
        )
        sys.stdout.flush()
        # Ctrl-C is Dagster's, which ends first. A handler, because what ignores is inherited.
        signal.signal(signal.SIGINT, lambda *_: None)
        page = subprocess.Popen(program, env={**environment, **settings})
        signal.signal(signal.SIGTERM, lambda *_: page.terminate())
        return page.wait()
