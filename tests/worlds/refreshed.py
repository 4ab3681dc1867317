"""A pipeline that has refreshed once: by whoever needs it first, copied for each test.

Leaves: a business of three who pay 50.00 a month, landed, built, published and delivered.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from local_stripe import stripe_in
from pipeline import Pipeline, pipeline_of, subscribed

from orchestration.file_lock import writer_lock


@pytest.fixture
def refreshed(
    first_refresh: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Pipeline]:
    shutil.copytree(first_refresh, tmp_path, dirs_exist_ok=True)
    with stripe_in(tmp_path) as stripe:
        yield pipeline_of(stripe, monkeypatch)


@pytest.fixture(scope="session")
def first_refresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its files, made once for all workers of the run."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    made, being_made = folder / "refreshed", folder / "being_refreshed"
    with writer_lock(folder / "refreshed.lock", purpose="a first refresh"):
        if not made.exists():
            shutil.rmtree(being_made, ignore_errors=True)
            being_made.mkdir()
            _refresh(being_made)
            being_made.rename(made)
    return made


def _refresh(folder: Path) -> None:
    with pytest.MonkeyPatch.context() as environment, stripe_in(folder) as stripe:
        made = subscribed(pipeline_of(stripe, environment), "one", "two", "three")
        assert made.sync()["creates"] == 3
