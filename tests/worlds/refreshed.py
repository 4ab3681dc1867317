"""A pipeline that has refreshed once: by whoever needs it first, copied for each test.

Leaves: a business of three who pay 50.00 a month, landed, built, published and delivered.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from local_stripe import stripe_in
from made_once import made_once
from pipeline import Pipeline, pipeline_of, subscribed


@pytest.fixture
def refreshed(
    first_refresh: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Pipeline]:
    with copied(first_refresh, tmp_path, monkeypatch) as business:
        yield business


@contextmanager
def copied(made: Path, folder: Path, environment: pytest.MonkeyPatch) -> Iterator[Pipeline]:
    """A business that was made once, in a folder of its own."""
    shutil.copytree(made, folder, dirs_exist_ok=True)
    with stripe_in(folder) as stripe:
        yield pipeline_of(stripe, environment)


@pytest.fixture(scope="session")
def first_refresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its files, made once for all workers of the run."""
    return made_once(tmp_path_factory, "refreshed", _refresh)


def _refresh(folder: Path) -> None:
    with pytest.MonkeyPatch.context() as environment, stripe_in(folder) as stripe:
        made = subscribed(pipeline_of(stripe, environment), "one", "two", "three")
        assert made.sync()["creates"] == 3
