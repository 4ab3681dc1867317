"""Processes of ours as on a server: with the settings that are given, and no other of ours.

Enters: a command, a folder for its data and its log. Leaves: the process, and nothing of it
afterwards: what it started itself (a daemon's code server, a run) is ended with it.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from orchestration.configuration.settings import Settings

PROGRAM = str(Path(sys.executable).with_name("stripe-traits"))


def environment(**settings: str) -> dict[str, str]:
    """This process's, without our settings but for these."""
    ours = {name.upper() for name in Settings.model_fields}
    return {name: value for name, value in os.environ.items() if name not in ours} | settings


@contextmanager
def process(command: list[str], folder: Path, **settings: str) -> Iterator["subprocess.Popen[str]"]:
    """Its data go to `data` in the folder, what it logs to the file `log`. SIGTERM ends it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # So it is in a shell's background; inherited, it makes Dagster deaf to SIGTERM, too.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    with (folder / "log").open("a") as log:
        started = subprocess.Popen(
            command,
            env=environment(DATA_DIR=str(folder / "data")) | settings,
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
        )
    try:
        yield started
    finally:
        with suppress(ProcessLookupError):
            os.killpg(started.pid, signal.SIGTERM)
        started.communicate()
