"""Where stores that are brought at the same time share what is decided of accounts.

Enters: the settings. Leaves: settings with a folder that is gone afterwards: customers' data stand
in it. One that a killed process has left goes a day later.
"""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from orchestration.configuration.settings import Settings

DAY = 86_400.0  # seconds


@contextmanager
def sharing_plans(settings: Settings) -> Iterator[Settings]:
    """As they are, where there is one store alone."""
    if not settings.stores_file.exists():
        yield settings
        return
    place = settings.folder.plans
    place.mkdir(parents=True, exist_ok=True)
    for left in place.iterdir():
        _delete_old(left)
    with TemporaryDirectory(dir=place) as folder:
        yield settings.sharing_plans(Path(folder))


def _delete_old(left: Path) -> None:
    with suppress(FileNotFoundError):  # another process did
        if time.time() - left.stat().st_mtime > DAY:
            shutil.rmtree(left)
