"""Who stays on one machine pays nothing for lakes: no module of theirs, and no package."""

import ast
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
STAGES = ("ingestion", "orchestration", "reverse_sync", "report")
FOLDERS = {"ingestion.engines.iceberg", "orchestration.warehouse"}
LOADED_BY_THEM = {"orchestration.warehouse.landed_copy"}


def imports(path: Path) -> set[str]:
    """The first names of what it imports, at its top or inside."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names


def modules() -> dict[str, Path]:
    found = [path for stage in STAGES for path in sorted((ROOT / stage).rglob("*.py"))]
    return {".".join(one.relative_to(ROOT).with_suffix("").parts): one for one in found}


def test_iceberg_is_known_in_two_folders_and_loaded_by_nobody_else() -> None:
    knowing = {name for name, path in modules().items() if "pyiceberg" in imports(path)}
    assert {name.rpartition(".")[0] for name in knowing} == FOLDERS
    others = [
        name.removesuffix(".__init__")
        for name in modules()
        if name not in knowing | LOADED_BY_THEM and not name.endswith(".__main__")
    ]
    # Whoever loads it, would fail.
    told = f"import sys; sys.modules['pyiceberg'] = None\nimport {', '.join(others)}"
    seen = subprocess.run(
        [sys.executable, "-c", told], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert seen.returncode == 0, seen.stderr
