"""Dagster's page and daemon on `workspace.yaml`, with its storage prepared in `$DATA_DIR/dagster`.

Enters: `DATA_DIR`. Leaves: this process becomes `dagster dev`.
"""

import os
import sys
from pathlib import Path

from orchestration.dbt_process import PROJECT
from orchestration.failures import explained
from orchestration.manifest import is_outdated, write_manifest
from orchestration.refresh import dagster_instance, prepare_dagster_home
from orchestration.settings import read_settings


def main() -> None:
    with explained():
        settings = read_settings(for_stripe=False)
        if is_outdated():
            write_manifest()
        with dagster_instance(settings):
            pass  # the first touch of an empty storage must be one process's
    # Runs are started in the project's folder: what is relative here must mean the same there.
    os.environ["DATA_DIR"] = str(settings.data_dir.absolute())
    os.environ.setdefault("DAGSTER_HOME", str(prepare_dagster_home(settings.data_dir)))
    os.chdir(PROJECT)
    dagster = Path(sys.executable).with_name("dagster")
    os.execv(dagster, [str(dagster), "dev", "-w", "workspace.yaml", *sys.argv[1:]])


if __name__ == "__main__":
    main()
