"""A folder that one test makes and all workers of a run read: whoever needs it first makes it."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestration.file_lock import writer_lock


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """Whole, or not there: it is made beside its place."""
    folder = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    made, being_made = folder / name, folder / f"{name}.being_made"
    with writer_lock(folder / f"{name}.lock", purpose=name):
        if not made.exists():
            shutil.rmtree(being_made, ignore_errors=True)
            being_made.mkdir()
            make(being_made)
            being_made.rename(made)
    return made
