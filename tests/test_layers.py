"""Imports point one way, between stages and inside each; one place reads the environment."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ALLOWED = {
    "ingestion": {"outgoing_http"},
    "outgoing_http": set(),
    "report": set(),
    "reverse_sync": {"outgoing_http"},
    "sandbox": set(),
    "orchestration": {"ingestion", "outgoing_http", "report", "reverse_sync", "sandbox"},
}
PACKAGES = tuple(ALLOWED)
# A stage's folders and single modules, lowest first: each may import those to its left and itself.
ORDER = {
    "ingestion": "full_read_due landing stripe_api inbox engines webhooks merge intake listing"
    " meanwhile references changes deletion_limit backfill load reconcile accounts load_pending",
    "reverse_sync": "values stores guards state diff sync_request plan deliver sync repair",
    "report": "sql limited labels columns published tables display formats filters segments page"
    " selection pages api serving",
    "orchestration": "clock file_lock whole_file project terminal warehouse user_files"
    " configuration upgrade alert_rules build own_traits locks stripe_accounts backup dagster_local"
    " publication setup webhook_rules demo monitoring pages assistant validation stages repairs"
    " live code_location definitions refresh commands"
    " cli program",
    "sandbox": "errors kinds periods shapes builders paths pricing changes storage books clock"
    " misbehaviour http population accounts billing options webhooks control endpoints"
    " business steering answering server",
}
MOST_FILES = 16


def modules(package: str) -> list[Path]:
    found = sorted((ROOT / package).rglob("*.py"))
    assert found, package
    return found


def imported(path: Path) -> set[str]:
    """Dotted names; of `from a import b` both `a` and `a.b`, since `b` may be a module."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def needed(path: Path, paths: dict[str, Path]) -> set[str]:
    """The modules of `paths` that it imports; a package only for what stands in its own face."""
    names = imported(path) & set(paths)
    return {name for name in names if not any(other.startswith(f"{name}.") for other in names)}


def room(module: str) -> str:
    """`b` of `a.b.c`: the folder or the single module right below its stage."""
    return module.split(".")[1]


def dotted(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@pytest.mark.parametrize("package", PACKAGES)
def test_no_stage_knows_its_neighbours(package: str) -> None:
    foreign = set(PACKAGES) - ALLOWED[package] - {package}
    if package != "orchestration":
        foreign |= {"dagster", "dagster_dbt"}
    for path in modules(package):
        assert not {name.split(".")[0] for name in imported(path)} & foreign, path


@pytest.mark.parametrize("package", ORDER)
def test_no_folder_of_a_stage_imports_one_above_it(package: str) -> None:
    order = ORDER[package].split()
    paths = {dotted(path): path for path in modules(package)}
    paths.pop(package)  # the stage's own face may show anything
    assert {room(module) for module in paths} == set(order)
    for module, path in paths.items():
        below = order[: order.index(room(module)) + 1]
        above = {name for name in imported(path) & set(paths) if room(name) not in below}
        assert not above, f"{module} imports {above}"


@pytest.mark.parametrize("package", PACKAGES)
def test_no_modules_import_each_other_in_a_circle(package: str) -> None:
    paths = {dotted(path): path for path in modules(package)}
    waiting = {module: needed(path, paths) - {module} for module, path in paths.items()}
    while free := {module for module, others in waiting.items() if not others & set(waiting)}:
        for module in free:
            del waiting[module]
    assert not waiting


def test_no_folder_shows_more_files_than_a_reader_takes_in() -> None:
    for package in (*PACKAGES, "benchmarks", "transform/models", "transform/macros"):
        folders = [ROOT / package, *(path for path in (ROOT / package).rglob("*") if path.is_dir())]
        for folder in folders:
            shown = [path for path in folder.iterdir() if path.is_file() and path.suffix != ".pyc"]
            assert len(shown) <= MOST_FILES, folder


@pytest.mark.parametrize("package", sorted({*PACKAGES} - {"orchestration"}))
def test_no_stage_reads_the_environment(package: str) -> None:
    for path in modules(package):
        text = path.read_text()
        assert "os.environ" not in text, path
        assert "getenv" not in text, path


def test_every_module_says_what_it_is() -> None:
    for package in PACKAGES:
        for path in modules(package):
            if path.read_text().strip():
                assert ast.get_docstring(ast.parse(path.read_text())), path
