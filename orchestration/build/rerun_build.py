"""A build by the text that dbt ran before: dbt renders 240 nodes in some six seconds, whatever they
hold; DuckDB runs them in one.

Enters: the nodes of `build_text`. Leaves: a result for each, in one transaction. What dbt asked
while it rendered is asked again: another answer is a `Doubt`, and so is whatever fails. Nothing is
changed then, and dbt does the build.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from time import monotonic

import duckdb

from orchestration.build.build_text import Node, answer
from orchestration.build.node_result import NodeResult

PASSED, WARNED = "pass", "warn"


class Doubt(Exception):
    """The text may not be what dbt would run now."""


def rerun(
    database: duckdb.DuckDBPyConnection,
    nodes: Sequence[Node],
    on_node: Callable[[str], None] | None,
) -> list[NodeResult]:
    """The build again, all of it or nothing. Raises Doubt."""
    with _doubting(database):
        results = list(executed(database, nodes, on_node))
        database.execute("commit")
    return results


@contextmanager
def rolled_back(database: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """What the block builds can be read in it, and nothing of it stays. Raises Doubt."""
    with _doubting(database):
        try:
            yield
        finally:
            with suppress(duckdb.Error):
                database.execute("rollback")


@contextmanager
def _doubting(database: duckdb.DuckDBPyConnection) -> Iterator[None]:
    database.execute("begin")
    try:
        yield
    except (Doubt, duckdb.Error, LookupError, ValueError) as error:
        with suppress(duckdb.Error):
            database.execute("rollback")
        # A value of a customer's may stand in DuckDB's words.
        raise Doubt(str(error) if isinstance(error, Doubt) else type(error).__name__) from error


def executed(
    database: duckdb.DuckDBPyConnection,
    nodes: Sequence[Node],
    on_node: Callable[[str], None] | None = None,
) -> Iterator[NodeResult]:
    """A result for each node, in a transaction of the caller's. Raises Doubt."""
    answered: dict[str, str] = {}
    for node in nodes:
        began = monotonic()
        for text, before in node.asked.items():
            if text not in answered:
                answered[text] = answer(database, text)
            if answered[text] != before:
                raise Doubt(f"{node.unique_id}: {answered[text]} was {before}")
        end = _tested if node.kind == "test" else _made
        status, failures, message = end(database, node)
        if not node.unique_id:
            continue  # the schemas, which are no node's
        if on_node:
            on_node(node.unique_id)
        yield NodeResult(node.unique_id, status, monotonic() - began, failures, message)


def _made(database: duckdb.DuckDBPyConnection, node: Node) -> tuple[str, int, str]:
    for statement in node.parsed:
        database.execute(statement)
    return node.status, 0, node.message


def _tested(database: duckdb.DuckDBPyConnection, node: Node) -> tuple[str, int, str]:
    """As dbt reads it: rows found, whether they warn, whether they are errors."""
    [(failures, warns, is_error)] = database.execute(node.parsed[-1]).fetchall()
    if node.severity == "error" and (warns or is_error):
        raise Doubt(f"{node.unique_id}: {failures} rows")
    if not warns:
        return PASSED, failures, ""
    return WARNED, failures, f"Got {failures} results, configured to warn if != 0"
