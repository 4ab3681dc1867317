"""The dbt manifest that the code location loads: written beforehand, never at import.

Enters: `transform/`. Leaves: the manifest as JSON, or one line that says how to write it.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from orchestration.dbt_process import PROJECT, parse

MANIFEST = PROJECT / "transform" / "target" / "manifest.json"
FOLDERS = ("models", "macros", "seeds", "tests", "snapshots")


class ManifestOutdated(Exception):
    """The manifest is missing or older than the models."""


def read_manifest() -> Any:
    """The dbt manifest. Raises ManifestOutdated with the command that writes it."""
    if is_outdated():
        raise ManifestOutdated(
            "transform/target/manifest.json is missing or older than the models; run 'make setup'"
        )
    return json.loads(MANIFEST.read_bytes())


def is_outdated() -> bool:
    """Whether a file of the dbt project is newer than the manifest."""
    if not MANIFEST.exists():
        return True
    return any(path.stat().st_mtime > MANIFEST.stat().st_mtime for path in _project_files())


def write_manifest() -> None:
    """`dbt parse`. Raises DbtFailed where the project cannot be read."""
    parse()
    MANIFEST.touch()  # dbt leaves an unchanged file alone


def _project_files() -> Iterator[Path]:
    yield PROJECT / "dbt_project.yml"
    for folder in FOLDERS:
        yield from (PROJECT / "transform" / folder).rglob("*.*")


if __name__ == "__main__":
    write_manifest()
