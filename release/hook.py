"""Puts the parsed dbt project, and the files that stand at the top level, into the wheel.

hatchling runs it with nothing but itself installed, so parsing is done before, by `make wheel`;
without it no wheel is built.
Enters: `transform/target/wheel`. Leaves: files, added to the wheel's.
"""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

INSIDE = "stripe_traits/project"
FILES = (".env.example", "dbt_project.yml", "profiles.yml")


class ParsedProject(BuildHookInterface[Any]):  # type: ignore[misc]
    """hatchling finds it by being the only such class here."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """An editable install reads what `make setup` writes, and needs none."""
        if version == "editable":
            return
        folder = Path(self.root, "transform", "target", "wheel")
        parsed = sorted(folder.glob("*"))
        if not parsed:
            raise FileNotFoundError(
                f"{folder}: dbt's project is not parsed; build with 'make wheel'"
            )
        target = f"{INSIDE}/transform/target"
        build_data["force_include"] |= {str(path): f"{target}/{path.name}" for path in parsed}
        build_data["force_include"] |= {name: f"{INSIDE}/{name}" for name in FILES}
