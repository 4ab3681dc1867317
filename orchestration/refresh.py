"""One refresh, end to end: the Dagster job `refresh`, run inside this process.

Enters: the settings, `as_of`, whether everything is read. Leaves: what each stage did. The command
line runs the same job as Dagster's own daemon, so there is one order of things, and every run shows
on Dagster's page.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from dagster import DagsterExecutionInterruptedError, DagsterInstance, ExecuteInProcessResult

from orchestration.code_location import REFRESH, definitions
from orchestration.in_process import IN_PROCESS, alive
from orchestration.lock import writer_lock
from orchestration.manifest import is_outdated, write_manifest
from orchestration.reporter import Reporter
from orchestration.run import run_tags
from orchestration.settings import Settings

DAGSTER_YAML = """\
telemetry:
  enabled: false
run_monitoring:
  enabled: true
  free_slots_after_run_end_seconds: 30
concurrency:
  pools:
    granularity: op
    default_limit: 1
"""
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def refresh(
    settings: Settings, reporter: Reporter, *, full: bool = False, as_of: datetime | None = None
) -> ExecuteInProcessResult:
    """Run the job. Raises what a stage raised: StripeError, TransformFailed, ..."""
    if is_outdated():
        write_manifest()
    # No pool: a killed process would keep its slot, and here is no daemon that frees it.
    job = definitions(pool=None).resolve_job_def(REFRESH)
    run_id = str(uuid4())
    with dagster_instance(settings) as instance, alive(instance, settings.data_dir, run_id):
        try:
            return job.execute_in_process(
                instance=instance,
                run_id=run_id,
                run_config=QUIET,
                tags={**run_tags(as_of=as_of, full=full), IN_PROCESS: "true"},
                resources={"reporter": reporter},
            )
        except DagsterExecutionInterruptedError:
            raise KeyboardInterrupt from None


@contextmanager
def dagster_instance(settings: Settings) -> Iterator[DagsterInstance]:
    """Dagster's storage. Two processes that first touch an empty one break it: one at a time."""
    home = prepare_dagster_home(settings.data_dir)
    with writer_lock(home / "first.lock", purpose="set up Dagster's storage"):
        instance = DagsterInstance.from_config(str(home))
    with instance:
        yield instance


def prepare_dagster_home(data_dir: Path) -> Path:
    """`$DATA_DIR/dagster` with its settings; an operator's own dagster.yaml stays."""
    home = (data_dir / "dagster").absolute()
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    config = home / "dagster.yaml"
    if not config.exists():
        config.write_text(DAGSTER_YAML)
    return home
