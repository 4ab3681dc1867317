"""Where the project's own files stand: `transform/`, `dbt_project.yml`, `workspace.yaml`."""

from pathlib import Path

PROJECT = Path(__file__).parents[1]
# From a wheel: nothing in PROJECT changes, nothing is written there, and the times of its files say
# only when they were installed.
INSTALLED = not (PROJECT / "pyproject.toml").exists()
