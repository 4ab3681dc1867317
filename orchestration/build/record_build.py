"""Keeping what dbt runs: the statements of a build, by node and in dbt's order.

Enters: dbt's events during a build, and its results. Leaves: nodes for `build_text`, with what dbt
asked the warehouse while it rendered, and what it was answered.
"""

import json
import re
from typing import Any

import duckdb

from orchestration.build.build_text import Node, answer
from orchestration.build.manifest import MANIFEST
from orchestration.build.node_result import NodeResult

COMMENT = re.compile(r"^\s*/\*.*?\*/\s*", re.DOTALL)  # dbt's own, before each statement
ABRIDGED = "..."  # dbt shows 512 characters of a seed's statement, and these
ACCOUNT_TRAITS, GUARD = "account_traits", "assert_no_unknown_values"
TRANSACTIONS = ("begin", "commit", "rollback")
# What dbt looks up of the catalogue follows from the relations and from what is run.
CATALOGUE = ("duckdb_", "information_schema", "describe ")


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
        manifest = json.loads(MANIFEST.read_bytes())
        severities, ahead = _severities(manifest), going_ahead(manifest)
        for result in results:
            node = self._nodes.setdefault(result.unique_id, Node(result.unique_id))
            node.status, node.message = str(result.status), result.message
        for node in self._nodes.values():
            node.asked = {
                text: answer(database, text)
                for text in node.asked
                if not any(word in text.lower() for word in CATALOGUE)
            }
            node.severity = severities.get(node.unique_id, "error")
            node.goes_ahead = node.unique_id in ahead
        return list(self._nodes.values())


def going_ahead(manifest: Any) -> set[str]:
    """The nodes that account_traits needs, the guard against values that no rule knows with what it
    needs, and the tests of these nodes alone: by id."""
    parents = manifest["parent_map"]
    nodes = manifest["nodes"]
    last = [name for name, node in nodes.items() if node["name"] in (ACCOUNT_TRAITS, GUARD)]
    needed: set[str] = set()
    while last:
        name = last.pop()
        if name not in needed:
            needed.add(name)
            last += parents.get(name, [])
    tests = [name for name, node in nodes.items() if node["resource_type"] == "test"]
    return needed | {name for name in tests if needed.issuperset(parents[name])}


def _severities(manifest: Any) -> dict[str, str]:
    return {
        node["unique_id"]: node["config"]["severity"].lower()
        for node in manifest["nodes"].values()
        if node["resource_type"] == "test"
    }
