"""What is wrong with the settings, and where each of them stands: in `.env` or in the environment.

Enters: the process's settings. Leaves: findings, without any value. Nothing is written, and Stripe
is not asked.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from orchestration.configuration.environment import judged_settings
from orchestration.configuration.named_files import ENV_FILE, NamedFiles
from orchestration.user_files.finding import Finding

NAME = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")
ASSIGNED = r"\s*(?:export\s+)?{name}\s*="


def settings_findings(files: NamedFiles) -> Iterator[Finding]:
    """One for each complaint, in the order in which every command tells them."""
    problems = judged_settings(for_stripe=True)[1] + files.missing_segments
    lines = _env_lines()
    for text in problems:
        named = NAME.search(text)
        key = named[0] if named else ""
        yield Finding(*_place(key, lines), key, text)


def _env_lines() -> list[str]:
    path = Path(ENV_FILE)
    return path.read_text(errors="replace").splitlines() if path.exists() else []


def _place(key: str, lines: list[str]) -> tuple[str, int | None]:
    """The environment goes before `.env`, whose last line of a name counts. What is set nowhere
    belongs into `.env`."""
    pattern = re.compile(ASSIGNED.format(name=re.escape(key)), re.IGNORECASE)
    found = [number for number, line in enumerate(lines, start=1) if pattern.match(line)]
    if any(name.upper() == key for name in os.environ):
        return "environment", None
    return ENV_FILE, found[-1] if found else None
