"""How many modules a command loads before it has done its work: what it costs to begin.

Enters: the settings of a business that nothing changes meanwhile. Leaves: counts by command, by
Python's own account of its imports.
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

PROGRAM = str(Path(sys.executable).with_name("stripe-traits"))


def modules_loaded(
    commands: Mapping[str, tuple[str, ...]], settings: Mapping[str, str]
) -> dict[str, int]:
    """By the name of each command, which ends well."""
    return {f"modules, {name}": _loaded(words, settings) for name, words in commands.items()}


def _loaded(words: tuple[str, ...], settings: Mapping[str, str]) -> int:
    finished = subprocess.run(
        [sys.executable, "-X", "importtime", PROGRAM, *words],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=True,
    )
    return sum(line.startswith("import time:") for line in finished.stderr.splitlines())
