"""Imports point one way, and only one place reads the environment."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("ingestion", "outgoing_http", "reverse_sync", "sandbox", "orchestration")
ALLOWED = {
    "ingestion": {"outgoing_http"},
    "outgoing_http": set(),
    "reverse_sync": {"outgoing_http"},
    "sandbox": set(),
    "orchestration": {"ingestion", "outgoing_http", "reverse_sync", "sandbox"},
}


def modules(package: str) -> list[Path]:
    found = sorted((ROOT / package).rglob("*.py"))
    assert found, package
    return found


def imported(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    names = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    froms = {
        node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module
    }
    return {name.split(".")[0] for name in names | froms}


@pytest.mark.parametrize("package", PACKAGES)
def test_no_stage_knows_its_neighbours(package: str) -> None:
    foreign = set(PACKAGES) - ALLOWED[package] - {package}
    if package != "orchestration":
        foreign |= {"dagster", "dagster_dbt"}
    for path in modules(package):
        assert not imported(path) & foreign, path


@pytest.mark.parametrize("package", ["ingestion", "outgoing_http", "reverse_sync", "sandbox"])
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
