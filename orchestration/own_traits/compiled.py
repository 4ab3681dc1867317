"""The models of TRAITS_DIR as SQL that DuckDB runs: compiled by dbt, kept until a file changes.

Enters: the files of the folder. Leaves: each model with its columns, in an order in which each
follows those that it reads from. dbt has a project of its own for them, without a warehouse: what
is wrong in them stops no other model, and what they are does not hang on what is built.
"""

import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from orchestration.configuration.traits_folder import OwnTraitsFailed
from orchestration.project import PROJECT
from orchestration.whole_file import write_whole

TEMPLATE = PROJECT / "transform" / "own_traits"
SHARED = tuple(
    PROJECT / "transform/macros/dialect" / name for name in ("json_texts.sql", "text.sql")
)
OWN = "models/own/"
MEMBERS = "own_traits__members"
ARGUMENTS = (
    *("compile", "--select", "resource_type:model", "--log-level", "none"),
    *("--log-level-file", "none", "--no-write-json", "--no-partial-parse", "--no-populate-cache"),
)


@dataclass(frozen=True)
class Column:
    """As the YAML declares it; blank: it does not."""

    name: str
    data_type: str
    description: str


@dataclass(frozen=True)
class OwnModel:
    """`file` is its path in TRAITS_DIR."""

    name: str
    file: str
    sql: str
    columns: tuple[Column, ...]

    @property
    def traits(self) -> tuple[Column, ...]:
        return tuple(column for column in self.columns if column.name != "account_id")


@dataclass(frozen=True)
class OwnModels:
    """`members` is the SQL of each account's own traits as members of a JSON object."""

    models: tuple[OwnModel, ...]
    members: str


def compiled(files: Mapping[str, bytes], folder: Path) -> OwnModels:
    """`folder` is where dbt's project of them and the compiled text are kept. Raises
    OwnTraitsFailed."""
    kept = folder / f"compiled-{_digest(files)}.json"
    with suppress(OSError, ValueError, TypeError, KeyError):
        return _read(json.loads(kept.read_bytes()))
    project = folder / "project"
    _write_project(project, files)
    made = _compile(project, files)
    for older in folder.glob("compiled-*.json"):
        older.unlink()
    write_whole(kept, json.dumps(asdict(made)))
    return made


def _digest(files: Mapping[str, bytes]) -> str:
    ours = {str(path): path.read_bytes() for path in _templates()}
    found = hashlib.sha256()
    for name, content in {**ours, **files}.items():
        found.update(f"{name}\0{len(content)}\0".encode() + content)
    return found.hexdigest()[:24]


def _templates() -> Iterable[Path]:
    return (*sorted(path for path in TEMPLATE.rglob("*.*") if path.is_file()), *SHARED)


def _read(kept: dict[str, Any]) -> OwnModels:
    models = (
        OwnModel(**{**one, "columns": tuple(Column(**column) for column in one["columns"])})
        for one in kept["models"]
    )
    return OwnModels(tuple(models), kept["members"])


def _write_project(project: Path, files: Mapping[str, bytes]) -> None:
    shutil.rmtree(project, ignore_errors=True)
    shutil.copytree(TEMPLATE, project)
    for macros in SHARED:
        shutil.copy(macros, project / "macros")
    for name, content in files.items():
        path = project / OWN / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _compile(project: Path, files: Mapping[str, bytes]) -> OwnModels:
    from dbt.cli.main import dbtRunner

    from orchestration.build.dbt_process import close_warehouse

    names = [Path(name).stem for name in files if name.endswith(".sql")]
    paths = ["--project-dir", str(project), "--profiles-dir", str(project)]
    invocation = dbtRunner().invoke(
        [*ARGUMENTS, *paths, "--vars", json.dumps({"own_models": names})]
    )
    close_warehouse()
    if invocation.exception and not isinstance(invocation.exception, Exception):
        raise invocation.exception  # Ctrl-C is no result
    results = getattr(invocation.result, "results", [])
    problems = [str(invocation.exception)] if invocation.exception else []
    problems += [result.message for result in results if result.status == "error"]
    if problems or not results:
        raise OwnTraitsFailed("\n".join(map(_told, problems or ["dbt compiled nothing"])))
    return _models([result.node for result in results])


CYCLE = "Found a cycle"  # dbt's words, and the models by their ids


def _told(problem: str) -> str:
    """dbt's words in one line, with the paths that the user knows, without the file's text."""
    words = " ".join(problem.partition("-----")[0].split())
    if words.startswith(CYCLE):
        words = f"{words.replace('model.own_traits.', '')}: take a ref() of these away"
    return f"TRAITS_DIR: {words}".replace(OWN, "").replace("own_traits: own/", "")


def _models(nodes: list[Any]) -> OwnModels:
    by_id = {node.unique_id: node for node in nodes}
    order = TopologicalSorter({name: sorted(node.depends_on.nodes) for name, node in by_id.items()})
    own = [by_id[name] for name in order.static_order() if name in by_id]
    members = next(node.compiled_code for node in own if node.name == MEMBERS)
    return OwnModels(tuple(_model(node) for node in own if _is_trait_model(node)), members)


def _is_trait_model(node: Any) -> bool:
    """An ephemeral one is a part of those that read it."""
    return bool(node.name != MEMBERS and node.config.materialized != "ephemeral")


def _model(node: Any) -> OwnModel:
    columns = (
        Column(one.name, one.data_type or "", " ".join(one.description.split()))
        for one in node.columns.values()
    )
    file = node.original_file_path.removeprefix(OWN)
    return OwnModel(node.name, file, node.compiled_code.strip().rstrip(";"), tuple(columns))
