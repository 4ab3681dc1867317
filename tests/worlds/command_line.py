"""The command line as a user has it: the installed program, with settings of its own."""

import os
import subprocess
import sys
from pathlib import Path

from orchestration.configuration.settings import Settings

PROGRAM = str(Path(sys.executable).with_name("stripe-traits"))


def environment(**settings: str) -> dict[str, str]:
    ours = {name.upper() for name in Settings.model_fields}
    return {name: value for name, value in os.environ.items() if name not in ours} | settings


def run(*arguments: str, cwd: Path, **settings: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [PROGRAM, *arguments],
        env=environment(**settings),
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
