"""dbt inside this process: the project parsed once at most, the warehouse closed after each run.

Enters: the settings and the words of a dbt command. Leaves: dbt's own result. What is run, and what
its results mean, stands in `transform`.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner, dbtRunnerResult
from dbt.contracts.graph.manifest import Manifest
from dbt_common.events.base_types import EventMsg

from orchestration.build.manifest import FLAGS, kept_parse, parse
from orchestration.configuration.settings import Settings

# By the warehouse's name, which is a part of every relation's name in a parsed project.
_parsed: dict[str, Manifest] = {}
PROBLEMS = ("warn", "error")


def run_dbt(
    settings: Settings,
    arguments: list[str],
    on_node: Callable[[str], None] | None = None,
    listeners: Sequence[Callable[[EventMsg], None]] = (),
) -> dbtRunnerResult:
    """One dbt command on the warehouse, which is closed afterwards; `listeners` hear all of dbt's
    events. Raises DbtFailed."""
    os.environ |= settings.site.profile
    kept = settings.folder.dbt
    paths = ["--target-path", str(kept / "target"), "--log-path", str(kept / "logs")]
    name = settings.site.project
    if name not in _parsed:
        _parsed[name] = kept_parse(name) or parse(paths)
    callbacks = [_problems_into(kept / "logs" / "dbt.log"), *listeners]
    if on_node:
        callbacks.append(_node_listener(on_node))
    try:
        done = dbtRunner(manifest=_parsed[name], callbacks=callbacks).invoke(
            [*arguments, *FLAGS, *paths]
        )
    finally:
        close_warehouse()
    if done.exception and not isinstance(done.exception, Exception):
        raise done.exception  # Ctrl-C is no result
    return done


def _node_listener(on_node: Callable[[str], None]) -> Callable[[EventMsg], None]:
    def listen(event: EventMsg) -> None:
        if event.info.name == "NodeFinished":
            on_node(event.data.node_info.unique_id)

    return listen


def _problems_into(log: Path) -> Callable[[EventMsg], None]:
    """A line for each warning and error. dbt's own log puts some 5,000 lines a build into words
    before it drops those below its level: a tenth of a build."""

    def listen(event: EventMsg) -> None:
        info: Any = event.info  # its declared type lacks the text
        if info.level in PROBLEMS:
            log.parent.mkdir(parents=True, exist_ok=True)
            with log.open("a") as file:
                file.write(f"{info.ts.ToJsonString()} [{info.level}] {info.msg}\n")

    return listen


def close_warehouse() -> None:
    """dbt-duckdb keeps the file open after a run, which would lock everybody else out."""
    environment = DuckDBConnectionManager._ENV
    if environment is not None:
        environment.close()
    DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
