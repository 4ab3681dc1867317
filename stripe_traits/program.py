"""The console script `stripe-traits`, in a checkout and in an installed wheel.

Enters: arguments. Leaves: the process. Of a wheel nothing but this package stands at the top level
of site-packages: the stages and the dbt project are in its folder `project`, as they are in a
checkout, and are found before other packages of the same names.
"""

import os
import sys
from pathlib import Path

PROJECT = Path(__file__).with_name("project")


def main() -> None:
    """One command; ends the process."""
    if PROJECT.is_dir():
        _find_first(str(PROJECT))
    from orchestration.program import main as program

    program()


def _find_first(project: str) -> None:
    """Here and in Dagster's processes, which would put the current folder before it."""
    if project not in sys.path:
        sys.path.insert(0, project)
    others = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    if project not in others:
        os.environ["PYTHONPATH"] = os.pathsep.join([project, *others])
    os.environ["PYTHONSAFEPATH"] = "1"
