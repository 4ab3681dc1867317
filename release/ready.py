"""Whether this commit can be released as the version in pyproject.toml; `make release` asks.

Enters: the checkout. Leaves: nothing, or one line that says what to do first.
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def main(root: Path = ROOT) -> str | None:
    """What stands in the way."""
    version = _version(root)
    if _git(root, "status", "--porcelain"):
        return "the checkout has changes that are not committed; commit them first"
    if _git(root, "tag", "--list", f"v{version}"):
        return f"v{version} is tagged already; raise version in pyproject.toml, then uv lock"
    if not re.search(rf"^## {re.escape(version)} ", _changes(root), re.MULTILINE):
        return f"CHANGELOG.md has no section '## {version} (DATE)'; say there what changed"
    return None


def _version(root: Path) -> str:
    """By its line: nothing is installed yet where this is asked."""
    [found] = re.findall(r'^version = "(.+)"$', (root / "pyproject.toml").read_text(), re.MULTILINE)
    return str(found)


def _changes(root: Path) -> str:
    return (root / "CHANGELOG.md").read_text()


def _git(root: Path, *words: str) -> str:
    command = ["git", "-C", str(root), *words]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return done.stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
