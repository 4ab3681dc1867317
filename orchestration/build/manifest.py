"""The parsed dbt project: written beforehand, never at import, read by code location and builds.

Enters: `transform/`. Leaves: the manifest, as JSON or as dbt's own object, or one line that says
how to write it. dbt itself is imported where it parses: a build by kept text never does.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestration.project import INSTALLED, PROJECT
from orchestration.whole_file import write_whole

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

FLAGS = (
    *("--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)),
    *("--log-level", "none", "--log-level-file", "none"),  # dbt_process keeps a log
)
MANIFEST = PROJECT / "transform" / "target" / "manifest.json"
FOLDERS = ("models", "macros", "seeds", "tests", "snapshots")


class DbtFailed(Exception):
    """dbt could not read the project, or not begin."""


class ManifestOutdated(Exception):
    """The manifest is missing or older than the models."""

    def __init__(self) -> None:
        super().__init__(
            "transform/target/manifest.json is missing or older than the models; run 'make setup'"
        )


def read_manifest() -> Any:
    """The dbt manifest. Raises ManifestOutdated with the command that writes it."""
    if is_outdated():
        raise ManifestOutdated
    return json.loads(MANIFEST.read_bytes())


def kept_beside(path: Path, made: Callable[[Any], Any]) -> Any:
    """What `made` makes of the manifest, as JSON: kept in a file beside it for as long as it
    stands. Raises ManifestOutdated where it is to be made, and cannot."""
    with suppress(OSError, ValueError):
        if INSTALLED or path.stat().st_mtime_ns >= MANIFEST.stat().st_mtime_ns:
            return json.loads(path.read_bytes())
    found = made(read_manifest())
    with suppress(OSError):  # the project's folder may be read-only
        write_whole(path, json.dumps(found))
    return found


def is_outdated() -> bool:
    """Whether a file of the dbt project is newer than the manifest."""
    if not MANIFEST.exists():
        return True
    if INSTALLED:
        return False
    return any(path.stat().st_mtime > MANIFEST.stat().st_mtime for path in _project_files())


def write_manifest() -> None:
    """`dbt parse`. Raises DbtFailed where the project cannot be read."""
    parse()
    MANIFEST.touch()  # dbt leaves an unchanged file alone


def kept_parse(database: str) -> "Manifest | None":
    """The project as it was parsed beforehand, for a warehouse of that name; saves seconds."""
    from dbt.contracts.graph.manifest import Manifest

    path = MANIFEST.with_name("partial_parse.msgpack")
    if is_outdated() or not path.exists():
        return None
    manifest = Manifest.from_msgpack(path.read_bytes())
    for node in manifest.nodes.values():
        if hasattr(node, "root_path"):  # a seed's: where its CSV is read, wherever it was parsed
            node.root_path = str(PROJECT)
    named = {node.database for node in manifest.nodes.values()}
    return manifest if named == {database} else None


def parse(paths: Sequence[str] = ()) -> "Manifest":
    """`dbt parse`, which also writes the manifest. Costs seconds. Raises DbtFailed."""
    from dbt.cli.main import dbtRunner
    from dbt.contracts.graph.manifest import Manifest

    invocation = dbtRunner().invoke(["parse", *FLAGS, *paths])
    if not isinstance(invocation.result, Manifest):
        raise DbtFailed(f"dbt cannot read transform/: {invocation.exception}")
    return invocation.result


def _project_files() -> Iterator[Path]:
    yield PROJECT / "dbt_project.yml"
    for folder in FOLDERS:
        yield from (PROJECT / "transform" / folder).rglob("*.*")


if __name__ == "__main__":
    write_manifest()
