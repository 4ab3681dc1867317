"""Dagster's storage in `$DATA_DIR/dagster`, with the settings that this product needs.

Enters: `DATA_DIR`. Leaves: an instance. Which runs it holds is decided elsewhere.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dagster import DagsterInstance

from orchestration.configuration.settings import Settings
from orchestration.file_lock import writer_lock
from orchestration.project import PROJECT
from orchestration.whole_file import write_whole

OURS = "# Written at each start. Delete this line to keep settings of your own.\n"
DAGSTER_YAML = """\
telemetry:
  enabled: false
nux:  # its dialog about a newsletter
  enabled: false
run_monitoring:
  enabled: true
  free_slots_after_run_end_seconds: 30
# Stages speak through the run's log; to capture their output would cost four processes a step.
compute_logs:
  module: dagster._core.storage.noop_compute_log_manager
  class: NoOpComputeLogManager
concurrency:
  pools:
    granularity: op
    default_limit: 1
# Of five seconds by default a change would wait half, once its sensor has asked for a run.
run_coordinator:
  module: dagster._core.run_coordinator
  class: QueuedRunCoordinator
  config:
    dequeue_interval_seconds: 1
# Sensors tick every 5 to 60 seconds, and most ticks find nothing to do.
retention:
  schedule:
    purge_after_days:
      skipped: 2
      started: 30
      success: 30
      failure: 30
  sensor:
    purge_after_days:
      skipped: 2
      started: 30
      success: 30
      failure: 30
"""
IN_SQLITE = """\
event_log_storage:
  module: orchestration.dagster_local.event_log
  class: OpenSqliteEventLog
  config:
    base_dir: {home}/history/runs
"""
IN_POSTGRES = """\
storage:
  postgres:
    postgres_url: {{env: DAGSTER_POSTGRES_URL}}
"""

# That of the project's folder for any folder: Dagster takes a relative one from where it is typed.
WORKSPACE_YAML = """\
load_from:
  - python_module:
      module_name: orchestration.definitions
      location_name: stripe_traits
      working_directory: {project}
"""


@contextmanager
def dagster_instance(settings: Settings) -> Iterator[DagsterInstance]:
    """Dagster's storage. Two processes that first touch an empty one break it: one at a time."""
    home = prepare_dagster_home(settings)
    with writer_lock(home / "first.lock", purpose="set up Dagster's storage"):
        instance = DagsterInstance.from_config(str(home))
    with instance:
        yield instance


def prepare_dagster_home(settings: Settings) -> Path:
    """Dagster's folder, with its settings; an operator's own dagster.yaml stays."""
    home = settings.folder.dagster
    storage = IN_POSTGRES if settings.dagster_postgres_url else IN_SQLITE
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    config = home / "dagster.yaml"
    held = _held(config)
    text = OURS + DAGSTER_YAML + storage.format(home=home)
    if held.startswith(OURS) and held != text:
        write_whole(config, text)
    return home


def workspace(home: Path) -> Path:
    """Where the page of a desk finds the code."""
    path = home / "workspace.yaml"
    write_whole(path, WORKSPACE_YAML.format(project=json.dumps(str(PROJECT))))
    return path


def _held(config: Path) -> str:
    """What a crash of the machine leaves is no operator's: zeros, or nothing."""
    text = config.read_bytes().decode(errors="replace") if config.exists() else ""
    return OURS if not text.strip() or "\0" in text else text


def code_socket(home: Path) -> Path:
    """Where the code server of `deploy/` listens: nobody else may open the folder."""
    return home / "code.sock"
