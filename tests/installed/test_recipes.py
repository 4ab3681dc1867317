"""The Python recipes of docs/analysts.md, in an environment that has their packages alone."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from documents import ROOT
from installed_program import clean

RECIPES = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "analysts.md").read_text(), re.DOTALL)
PACKAGES = ("duckdb==2.0.0", "pandas", "polars", "pyarrow")

pytestmark = pytest.mark.wheel


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("recipes") / "venv"
    uv = os.environ["UV"]
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, made], check=True)
    found = made / "bin" / "python"
    subprocess.run(
        [uv, "pip", "install", "--quiet", "--python", found, *PACKAGES], check=True, cwd=made
    )
    return found


@pytest.mark.parametrize("recipe", RECIPES, ids=["pandas", "polars", "sqlite"])
def test_recipe_prints_rows(
    recipe: str, python: Path, demo: str, folder: Path, tmp_path: Path
) -> None:
    del demo
    (tmp_path / "data").symlink_to(folder / "data" / "demo")
    done = subprocess.run(
        [python, "-c", recipe],
        cwd=tmp_path,
        env=clean(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "usd" in done.stdout or "acct" in done.stdout, done.stdout
