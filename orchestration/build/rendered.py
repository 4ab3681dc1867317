"""What dbt has run for a build, kept as text, and run again for the next build of its kind.

Enters: a warehouse before a build, and dbt's events during one. Leaves: the build's statements, by
node and in dbt's order, in a file named after all that they hold for; or the results of running
them. dbt renders 240 nodes in some six seconds, whatever they hold; DuckDB runs them in one.

The text holds for one manifest that is up to date, one DuckDB, one kind of build, one set of
relations. What dbt asked the warehouse while it rendered is asked again: another answer is a
`Doubt`, and so is whatever fails. Then dbt does the build. A full build of a warehouse that has
marts is always dbt's.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

import duckdb

from orchestration.build.manifest import MANIFEST, is_outdated
from orchestration.build.node_result import NodeResult
from orchestration.build.scope import BuildKind
from orchestration.configuration.settings import Settings
from orchestration.project import PROJECT
from orchestration.whole_file import write_whole

OURS = ("staging", "intermediate", "marts", "history", "seeds")
RELATIONS = """
select schema_name || '.' || table_name || ' table' from duckdb_tables()
where database_name = current_database() and schema_name in ({0})
union all
select schema_name || '.' || view_name || ' view' from duckdb_views()
where database_name = current_database() and schema_name in ({0})
order by 1
""".format(", ".join(f"'{name}'" for name in OURS))
COMMENT = re.compile(r"^\s*/\*.*?\*/\s*", re.DOTALL)  # dbt's own, before each statement
ABRIDGED = "..."  # dbt shows 512 characters of a seed's statement, and these
TRANSACTIONS = ("begin", "commit", "rollback")
# What dbt looks up of the catalogue follows from the relations and from what is run.
CATALOGUE = ("duckdb_", "information_schema", "describe ")
PASSED, WARNED = "pass", "warn"


class Doubt(Exception):
    """The text may not be what dbt would run now."""


@dataclass
class Node:
    """One dbt node: what it runs, what was asked for it and answered, how it ended."""

    unique_id: str
    kind: str = ""
    severity: str = "error"
    statements: list[str] = field(default_factory=list)
    asked: dict[str, str] = field(default_factory=dict)
    status: str = ""
    message: str = ""


@dataclass(frozen=True)
class Place:
    """Where the text of one build is looked for, and kept: the project's folder is every
    warehouse's, and may be read-only."""

    name: str
    folders: tuple[Path, ...]

    def read(self) -> list[Node] | None:
        for folder in self.folders:
            with suppress(OSError, ValueError, TypeError):
                kept = json.loads((folder / self.name).read_bytes())
                return [Node(**node) for node in kept]
        return None

    def write(self, nodes: list[Node]) -> None:
        for folder in self.folders:
            with suppress(OSError):
                folder.mkdir(parents=True, exist_ok=True)
                _forget_older(folder)
                write_whole(folder / self.name, json.dumps([asdict(node) for node in nodes]))
                return


def place_of(
    database: duckdb.DuckDBPyConnection, settings: Settings, kind: BuildKind
) -> Place | None:
    """None: dbt does this build, and nothing is kept of it."""
    relations = [name for (name,) in database.execute(RELATIONS).fetchall()]
    if not settings.site.is_local or is_outdated() or (kind is BuildKind.FULL and relations):
        return None
    parts = [duckdb.__version__, str(PROJECT), settings.site.project, kind.value, *relations]
    digest = hashlib.sha256(MANIFEST.read_bytes())
    digest.update("\n".join(parts).encode())
    folders = (MANIFEST.with_name("rendered"), settings.folder.dbt / "rendered")
    return Place(f"{kind.value}-{digest.hexdigest()[:24]}.json", folders)


def _forget_older(folder: Path) -> None:
    """Texts of an earlier manifest, which no build will look for."""
    parsed = MANIFEST.stat().st_mtime
    for text in folder.glob("*.json"):
        if text.stat().st_mtime < parsed:
            text.unlink()


class Recorder:
    """A listener of dbt's events; `nodes` is the build once it has ended well."""

    def __init__(self) -> None:
        self._nodes: dict[str, Node] = {}

    def __call__(self, event: Any) -> None:
        if event.info.name != "SQLQuery":
            return
        node, text = event.data.node_info, COMMENT.sub("", event.data.sql).strip().rstrip(";")
        text = text.removesuffix(ABRIDGED)
        if text.lower().startswith(TRANSACTIONS):
            return
        kept = self._nodes.setdefault(node.unique_id, Node(node.unique_id, node.resource_type))
        if node.resource_type == "test" or not text.lower().startswith(("select", "describe")):
            if node.unique_id or text.lower().startswith("create schema"):
                kept.statements.append(text)
        else:
            kept.asked.setdefault(text, "")

    def nodes(self, database: duckdb.DuckDBPyConnection, results: list[NodeResult]) -> list[Node]:
        """In an order in which each follows those that it reads from. Call before the next build:
        what was asked is asked again, for its answer."""
        severities = _severities()
        for result in results:
            node = self._nodes.setdefault(result.unique_id, Node(result.unique_id))
            node.status, node.message = str(result.status), result.message
        for node in self._nodes.values():
            node.asked = {
                text: _answer(database, text)
                for text in node.asked
                if not any(word in text.lower() for word in CATALOGUE)
            }
            node.severity = severities.get(node.unique_id, "error")
        return list(self._nodes.values())


def run(
    database: duckdb.DuckDBPyConnection,
    nodes: list[Node],
    on_node: Callable[[str], None] | None,
) -> list[NodeResult]:
    """The build again, all of it or nothing. Raises Doubt."""
    database.execute("begin")
    try:
        results = list(_results(database, nodes, on_node))
        database.execute("commit")
    except (Doubt, duckdb.Error, LookupError, ValueError) as error:
        with suppress(duckdb.Error):
            database.execute("rollback")
        # A value of a customer's may stand in DuckDB's words.
        raise Doubt(str(error) if isinstance(error, Doubt) else type(error).__name__) from error
    return results


def _results(
    database: duckdb.DuckDBPyConnection,
    nodes: list[Node],
    on_node: Callable[[str], None] | None,
) -> Iterator[NodeResult]:
    answered: dict[str, str] = {}
    for node in nodes:
        began = monotonic()
        for text, answer in node.asked.items():
            if text not in answered:
                answered[text] = _answer(database, text)
            if answered[text] != answer:
                raise Doubt(f"{node.unique_id}: {answered[text]} was {answer}")
        end = _tested if node.kind == "test" else _made
        status, failures, message = end(database, node)
        if not node.unique_id:
            continue  # the schemas, which are no node's
        if on_node:
            on_node(node.unique_id)
        yield NodeResult(node.unique_id, status, monotonic() - began, failures, message)


def _made(database: duckdb.DuckDBPyConnection, node: Node) -> tuple[str, int, str]:
    for text in node.statements:
        database.execute(text)
    return node.status, 0, node.message


def _tested(database: duckdb.DuckDBPyConnection, node: Node) -> tuple[str, int, str]:
    """As dbt reads it: rows found, whether they warn, whether they are errors."""
    [(failures, warns, is_error)] = database.execute(node.statements[-1]).fetchall()
    if node.severity == "error" and (warns or is_error):
        raise Doubt(f"{node.unique_id}: {failures} rows")
    if not warns:
        return PASSED, failures, ""
    return WARNED, failures, f"Got {failures} results, configured to warn if != 0"


def _answer(database: duckdb.DuckDBPyConnection, text: str) -> str:
    return repr(database.execute(text).fetchall())


def _severities() -> dict[str, str]:
    nodes = json.loads(MANIFEST.read_bytes())["nodes"].values()
    return {
        node["unique_id"]: node["config"]["severity"].lower()
        for node in nodes
        if node["resource_type"] == "test"
    }
