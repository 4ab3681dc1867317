"""What dbt has run for a build, as text, and where it is kept for the next build of its kind.

Enters: a warehouse before a build. Leaves: the file that its text would be in, named after all
that the text holds for: a manifest that is up to date, DuckDB's version, the kind of build, the
relations that are there. A full build that was asked for has none: it is dbt's. Where the project
stands is no part of it, so that a text made beforehand holds wherever it is installed.
"""

import hashlib
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property, lru_cache
from pathlib import Path

import duckdb

from orchestration.build.manifest import MANIFEST, is_outdated
from orchestration.build.scope import ASKED_FOR, BuildScope
from orchestration.configuration.settings import Settings
from orchestration.project import INSTALLED, PROJECT
from orchestration.whole_file import write_whole

RENDERED = MANIFEST.with_name("rendered")
# The project's folder, as the path of a seed's CSV has it in JSON, and what stands for it.
HERE, ANYWHERE = json.dumps(f"{PROJECT}/transform")[1:-1], "{project}/transform"
OURS = ("staging", "intermediate", "marts", "history", "seeds")
RELATIONS = """
select schema_name || '.' || table_name || ' table' from duckdb_tables()
where database_name = current_database() and schema_name in ({0})
    and table_name <> 'custom_traits'  -- no model of dbt's
union all
select schema_name || '.' || view_name || ' view' from duckdb_views()
where database_name = current_database() and schema_name in ({0})
order by 1
""".format(", ".join(f"'{name}'" for name in OURS))


@dataclass
class Node:
    """One dbt node: what it runs, what was asked for it and answered, how it ended. `goes_ahead`:
    account_traits needs it, or it is a test of what account_traits needs."""

    unique_id: str
    kind: str = ""
    severity: str = "error"
    statements: list[str] = field(default_factory=list)
    asked: dict[str, str] = field(default_factory=dict)
    status: str = ""
    message: str = ""
    goes_ahead: bool = False

    @cached_property
    def parsed(self) -> list[duckdb.Statement]:
        """Each statement alone. To parse them is an eighth of what account_traits takes."""
        return [one for text in self.statements for one in duckdb.extract_statements(text)]


@dataclass(frozen=True)
class Place:
    """Where the text of one build is looked for, and kept: the project's folder is every
    warehouse's, and may be read-only. `holds_for`: all that the name is made of but the manifest.
    """

    name: str
    folders: tuple[Path, ...]
    holds_for: tuple[str, ...] = ()

    def read(self) -> tuple[Node, ...] | None:
        for folder in self.folders:
            with suppress(OSError, ValueError, TypeError, KeyError):
                return _nodes(folder / self.name, (folder / self.name).stat().st_mtime_ns)
        return None

    def write(self, nodes: list[Node]) -> None:
        kept = {"holds_for": self.holds_for, "nodes": [asdict(node) for node in nodes]}
        text = json.dumps(kept).replace(HERE, ANYWHERE)
        for folder in self.folders[INSTALLED:]:
            with suppress(OSError):
                folder.mkdir(parents=True, exist_ok=True)
                _forget_older(folder)
                write_whole(folder / self.name, text)
                return


def place_of(
    database: duckdb.DuckDBPyConnection, settings: Settings, scope: BuildScope
) -> Place | None:
    """None: dbt does this build, and nothing is kept of it."""
    relations = [name for (name,) in database.execute(RELATIONS).fetchall()]
    if not settings.site.lands_in_file or is_outdated() or scope.why == ASKED_FOR:
        return None
    holds_for = (scope.kind, duckdb.__version__, settings.site.project, *relations)
    folders = (RENDERED, settings.folder.dbt / RENDERED.name)
    return Place(name_of(MANIFEST, holds_for), folders, holds_for)


def name_of(manifest: Path, holds_for: Sequence[str]) -> str:
    """The file's name, which begins with the kind of build."""
    digest = hashlib.sha256(_content(manifest, manifest.stat().st_mtime_ns))
    digest.update("\n".join([*holds_for, *(field.name for field in fields(Node))]).encode())
    return f"{holds_for[0]}-{digest.hexdigest()[:24]}.json"


@lru_cache(maxsize=2)
def _content(file: Path, modified: int) -> bytes:  # noqa: ARG001 (of which content)
    """Its digest: of two megabytes, for which a resident process asks in each cycle."""
    return hashlib.sha256(file.read_bytes()).digest()


@lru_cache(maxsize=2)
def _nodes(file: Path, modified: int) -> tuple[Node, ...]:  # noqa: ARG001 (of which content)
    """Those of a resident process's refreshes stay, parsed."""
    kept = json.loads(file.read_text().replace(ANYWHERE, HERE))
    return tuple(Node(**node) for node in kept["nodes"])


def _forget_older(folder: Path) -> None:
    """Texts of an earlier manifest, which no build will look for."""
    parsed = MANIFEST.stat().st_mtime
    for text in folder.glob("*.json"):
        if text.stat().st_mtime < parsed:
            text.unlink()


def answer(database: duckdb.DuckDBPyConnection, text: str) -> str:
    """Of a query that dbt asks while it renders, to be compared."""
    return repr(database.execute(text).fetchall())
