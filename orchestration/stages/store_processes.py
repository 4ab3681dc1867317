"""The account stores of `stores.yml` that are due, all at once: each in a process of its own.

Enters: the settings, `as_of`. Leaves: what became of each. What costs time is Python's own work on
each account, which threads of one process would do in turns. Who is interrupted ends them; what
they have sent is remembered or sent again.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path

from orchestration.configuration.settings import Settings
from orchestration.configuration.stores.further_stores import further_stores, store_settings
from orchestration.pages.asset_metadata.delivery_metadata import as_metadata, from_metadata
from orchestration.publication.stores_due import further_due
from orchestration.stages.further_deliveries import StoreDelivery, deliver_to
from orchestration.terminal.logs import log
from orchestration.terminal.reporter import LogReporter

PROGRAM = "orchestration.stages.store_processes"
PATIENCE = 10.0  # seconds until a process that is asked to end is killed
SIGINT_CODE = 130


@contextmanager
def further_deliveries(
    settings: Settings, *, as_of: datetime, run_id: str
) -> Iterator[list[StoreDelivery]]:
    """While the block runs; the list is full when it has ended."""
    done: list[StoreDelivery] = []
    further = further_stores(settings)
    due = [one.store_name or "" for one in further if further_due(one, as_of=as_of)]
    with ExitStack() as running:
        shared = settings.shared_plans
        asked = [running.enter_context(_process(one, as_of, run_id, shared)) for one in due]
        try:
            yield done
        except Exception:
            done += map(_outcome, due, asked)
            raise
        done += map(_outcome, due, asked)


@contextmanager
def _process(
    store: str, as_of: datetime, run_id: str, shared: Path | None
) -> Iterator["subprocess.Popen[str]"]:
    """It reads the settings itself, so that no secret stands in its arguments."""
    process = subprocess.Popen(
        # As a module: in what `-c` runs DuckDB sees a person, and draws its progress.
        [sys.executable, "-m", PROGRAM, store, as_of.isoformat(), run_id, str(shared or "")],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _outcome(store: str, process: "subprocess.Popen[str]") -> StoreDelivery:
    told, _ = process.communicate()
    if process.returncode:
        said = (
            f"its delivery ended with code {process.returncode}; the next sync goes on from there"
        )
        return StoreDelivery(store, None, (said,))
    found = json.loads(told.splitlines()[-1])  # whatever a library may have printed before
    result = from_metadata(found["result"]) if found["result"] else None
    return StoreDelivery(store, result, tuple(found["said"]), found["blocked"])


def main() -> None:
    """One of those processes: the store, `as_of`, the run's id and the folder that they share are
    its arguments."""
    store, as_of, run_id, shared = sys.argv[1:]
    try:
        done = deliver_to(
            store_settings(store).sharing_plans(Path(shared) if shared else None),
            LogReporter(log.info),
            as_of=datetime.fromisoformat(as_of),
            run_id=run_id,
        )
    except KeyboardInterrupt:
        sys.exit(SIGINT_CODE)
    result = as_metadata(done.result) if done.result else None
    told = json.dumps({"result": result, "said": done.said, "blocked": done.blocked})
    sys.stdout.write(f"\n{told}\n")


if __name__ == "__main__":
    main()
