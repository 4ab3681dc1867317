"""Where the project's own files stand: `transform/`, `dbt_project.yml`, `workspace.yaml`."""

from pathlib import Path

PROJECT = Path(__file__).parents[1]
