"""The command line as a user has it: a process of its own, with settings of its own.

`PROGRAM` is the installed program. `run` forks one that has imported what a command imports.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from forkserver import CONTEXT

from orchestration.configuration.settings import Settings

PROGRAM = str(Path(sys.executable).with_name("stripe-traits"))
PATIENCE_SECONDS = 900  # other load makes clocks unreliable


def environment(**settings: str) -> dict[str, str]:
    ours = {name.upper() for name in Settings.model_fields}
    return {name: value for name, value in os.environ.items() if name not in ours} | settings


def run(
    *arguments: str,
    cwd: Path | None = None,
    before: Callable[[], None] = int,
    **settings: str,
) -> "subprocess.CompletedProcess[str]":
    """One command to its end, in this folder if none is given; its process calls `before` first."""
    with tempfile.NamedTemporaryFile() as out, tempfile.NamedTemporaryFile() as errors:
        words = (arguments, cwd or Path.cwd(), environment(**settings), (out.name, errors.name))
        process = CONTEXT.Process(target=_command, args=(*words, before), daemon=True)
        process.start()
        process.join(PATIENCE_SECONDS)
        assert process.exitcode is not None, "the command does not end"
        return subprocess.CompletedProcess(arguments, process.exitcode, _read(out), _read(errors))


def _read(file: BinaryIO) -> str:
    return Path(file.name).read_text()


def _command(
    arguments: tuple[str, ...],
    cwd: Path,
    settings: dict[str, str],
    files: tuple[str, str],
    before: Callable[[], None],
) -> None:
    for path, number in ((os.devnull, 0), (files[0], 1), (files[1], 2)):
        os.dup2(os.open(path, os.O_RDWR), number)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(settings)
    before()
    from orchestration.cli import app

    app(arguments, prog_name="stripe-traits")
