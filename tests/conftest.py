"""Fixtures that several files of tests need, where tests keep their files, and their order."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from outgoing_http.secrets import forget

pytest_plugins = [
    "alert_receivers",
    "lakehouse_world",
    "local_stripe",
    "pipeline",
    "postgres_server",
    "refreshed",
    "report_world",
    "sql_world",
]

# Databases wait for the disk at each commit, and tests make thousands of them: a folder in memory
# takes them at once. It holds what the tests of three workers write at a time, with room to spare.
MEMORY, ROOM = Path("/dev/shm"), 4 << 30
if "TMPDIR" not in os.environ and MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM:
    os.environ["TMPDIR"] = str(MEMORY)  # for the processes that tests start, too
    tempfile.tempdir = None

# What takes longest goes first, so that no worker is left with it at the end.
LONGEST = (
    "test_cli",
    "test_together",
    "test_daemon",
    "test_histories",
    "test_account_traits_ahead",
    "test_transform_refresh",
    "test_lifecycle_story",
    "test_mrr_history",
    "test_live",
    "test_refresh",
    "test_examples",
    "test_analysts",
    "test_checks",
    "test_logs",
    "test_secrets",
    "test_lake",
    "test_backfill",
)


# What needs more than `make setup` gives: each is run where its marker is named, and not else.
ELSEWHERE = ("containers", "ducklake", "lakehouse", "spark", "wheel")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    unnamed = [name for name in ELSEWHERE if name not in config.option.markexpr]
    left_out = [item for item in items if any(map(item.get_closest_marker, unnamed))]
    config.hook.pytest_deselected(items=left_out)
    place = {name: number for number, name in enumerate(LONGEST)}
    kept = [item for item in items if item not in set(left_out)]
    items[:] = sorted(kept, key=lambda item: place.get(item.path.stem, len(LONGEST)))


@pytest.fixture(autouse=True)
def _no_secret_of_another_test() -> Iterator[None]:
    """What one test calls a secret may be a plain word to the next one."""
    yield
    forget()
