"""Everything at once, in processes: live, a nightly run, a CLI sync, readers; and kill -9."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from command_line import PROGRAM, environment
from local_stripe import NOW
from marts_reader import HOLDS_IT_OPEN, OPENS_IT_AGAIN, Reader
from pipeline import Pipeline

from orchestration.dagster_local.dagster_home import prepare_dagster_home
from orchestration.pages.data_dictionary import page

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
PATIENCE = 240  # seconds: other load makes clocks unreliable
FREE_WITHIN = 30.0
NIGHTLY = [
    *(str(Path(sys.executable).with_name("dagster")), "job", "execute"),
    *("-m", "orchestration.definitions", "-j", "nightly"),
]
FIRST_TOUCH = """
import sys
from orchestration.dagster_local.dagster_home import dagster_instance
from orchestration.configuration.environment import read_settings
settings = read_settings()
print("ready", flush=True)
sys.stdin.readline()
with dagster_instance(settings) as instance:
    print(instance.get_runs_count(), flush=True)
"""


@contextmanager
def started(
    arguments: list[str], pipeline: Pipeline, **settings: str
) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        arguments,
        env=environment(
            STRIPE_API_BASE=pipeline.stripe.url,
            DATA_DIR=str(pipeline.folder),
            DAGSTER_HOME=str(prepare_dagster_home(pipeline.settings)),
            LIVE_POLL_SECONDS="0.5",
            **settings,
        ),
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def holder(pipeline: Pipeline) -> str:
    return (pipeline.folder / "warehouse.lock").read_text()


def until(condition: Callable[[], bool]) -> None:
    ended = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < ended
        time.sleep(0.02)


@contextmanager
def changing(pipeline: Pipeline) -> Iterator[list[str]]:
    """A customer gets a new name four times a second."""
    names, over = ["one"], threading.Event()

    def change() -> None:
        while not over.wait(0.25):
            names.append(f"Name {len(names)}")
            pipeline.stripe.store.update(
                "customer", "cus_one", {"name": names[-1]}, now=NOW + len(names)
            )

    thread = threading.Thread(target=change)
    thread.start()
    try:
        yield names
    finally:
        over.set()
        thread.join()


def test_all_at_once_and_a_killed_holder_harm_nobody(refreshed: Pipeline) -> None:
    marts, look = refreshed.settings.marts, "select count(*), count(name) from account_traits"
    readers = [Reader(program, marts, look) for program in (HOLDS_IT_OPEN, OPENS_IT_AGAIN)]
    with (
        changing(refreshed) as names,
        started([PROGRAM, "live", "--json"], refreshed) as live,
        started(NIGHTLY, refreshed) as nightly,
        started([PROGRAM, "sync"], refreshed) as sync,
    ):
        until(lambda: f"process {live.pid} " in holder(refreshed))
        os.kill(live.pid, signal.SIGKILL)
        killed = time.monotonic()
        others = {f"process {other.pid} " for other in (nightly, sync)}
        until(lambda: any(other in holder(refreshed) for other in others))
        assert time.monotonic() - killed < FREE_WITHIN
        for process in (nightly, sync):
            while process.poll() is None:
                assert {reader.look() for reader in readers} == {"3 3"}
                time.sleep(0.1)
            assert process.returncode == 0, process.communicate()[0]
    assert [reader.stop() for reader in readers] == [0, 0]
    docs = (refreshed.folder / "docs.html").read_text()
    [dbt_pages] = re.findall(r'href="(.+\.html)"', docs)
    assert docs == page(dbt_pages=dbt_pages), "the nightly run writes what `make docs` opens"
    assert "int_mrr" in (refreshed.folder / dbt_pages).read_text()
    refreshed.sync()
    assert refreshed.account("cus_one")["name"] == names[-1]
    assert refreshed.mart(
        "select count(*) from sync_runs where status <> 'interrupted'"
        " and selected <> unchanged + sent + invalid + blocked + deferred"
    ) == [(0,)]


def test_empty_home_of_dagster_may_be_touched_by_two_processes_at_once(
    pipeline: Pipeline,
) -> None:
    code = [sys.executable, "-c", FIRST_TOUCH]
    with started(code, pipeline) as one, started(code, pipeline) as other:
        for process in (one, other):
            assert process.stdout
            assert process.stdout.readline() == "ready\n"
        for process in (one, other):
            assert process.stdin
            process.stdin.write("now\n")
            process.stdin.flush()
        for process in (one, other):
            said, _ = process.communicate(timeout=PATIENCE)
            assert (process.returncode, said.split()) == (0, ["0"]), said
