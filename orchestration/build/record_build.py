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
        severities = _severities()
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
        return list(self._nodes.values())


def _severities() -> dict[str, str]:
    nodes = json.loads(MANIFEST.read_bytes())["nodes"].values()
    return {
        node["unique_id"]: node["config"]["severity"].lower()
        for node in nodes
        if node["resource_type"] == "test"
    }
