"""The program of an environment that holds the wheel alone, started in a folder of the user's."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from systemd_unit import PATIENCE


def held(package: Path) -> set[Path]:
    return {path for path in package.rglob("*.*") if "__pycache__" not in path.parts}


def clean(**settings: str) -> dict[str, str]:
    """Nothing of this shell's: not the checkout, not its environment."""
    return {"HOME": os.environ["HOME"], "PATH": "/usr/bin:/bin", **settings}


def typed(
    programs: Path, folder: Path, *words: str, **settings: str
) -> "subprocess.CompletedProcess[str]":
    command = [programs / "stripe-traits", *words]
    return subprocess.run(
        command, cwd=folder, env=clean(**settings), capture_output=True, text=True, check=False
    )


@contextmanager
def served(programs: Path, folder: Path, url: str, *words: str, **settings: str) -> Iterator[None]:
    """A command that stays up, once it answers at `url`."""
    command = [programs / "stripe-traits", *words]
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            command, cwd=folder, env=clean(**settings), stdout=log, stderr=log
        )
    try:
        ended = time.monotonic() + PATIENCE
        while not reached(url):
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < ended, (folder / "log").read_text()
            time.sleep(0.5)
        yield
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE)


def reached(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5, trust_env=False).status_code < 500
    except httpx.TransportError:
        return False
