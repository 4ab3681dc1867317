"""The built wheel, installed once in a clean environment, and its demo in a folder of the user's.

`make test-wheel` builds it. Enters: `dist/`, the package index. The checkout is on nobody's path.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from installed_program import held, typed

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With packages of the user's own, whose names are those of ours."""
    made = tmp_path_factory.mktemp("anywhere")
    for name in ("orchestration", "ingestion", "report", "sandbox"):
        (made / name).mkdir()
        (made / name / "__init__.py").write_text("raise SystemExit('not ours')")
    return made


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Installed as docs/operations.md says, in an environment of its own, in locked versions."""
    made = tmp_path_factory.mktemp("clean")
    [wheel], [locked] = (ROOT / "dist").glob("*.whl"), (ROOT / "dist").glob("*-constraints.txt")
    command = [os.environ["UV"], "tool", "install", "--quiet", "--python", sys.executable]
    places = {"UV_TOOL_DIR": str(made), "UV_TOOL_BIN_DIR": str(made / "bin")}
    subprocess.run(
        [*command, "--constraint", locked, wheel], check=True, cwd=made, env=os.environ | places
    )
    assert (made / "bin" / "stripe-traits").exists()
    return made / "stripe-traits" / "bin"


@pytest.fixture(scope="session")
def package(programs: Path) -> Path:
    [found] = (programs.parent / "lib").glob("python3*/site-packages/stripe_traits")
    return found


@pytest.fixture(scope="session")
def demo(programs: Path, folder: Path, package: Path) -> str:
    """What it prints. The package's files are as they were installed."""
    before = held(package)
    done = typed(programs, folder, "demo")
    assert done.returncode == 0, done.stdout + done.stderr
    assert held(package) == before
    return done.stdout
