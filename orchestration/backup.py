"""Backup and restore of `DATA_DIR`: one archive, consistent although other processes go on.

Enters: the settings, a file. Leaves: an archive (`upgrade/archive` says of what), or its files in
an empty folder. The writers' lock is held while files are copied; the webhook receiver goes on.
"""

import tarfile
import tempfile
from pathlib import Path

from orchestration.configuration.environment import WrongSettings
from orchestration.configuration.settings import Settings
from orchestration.locks import lock
from orchestration.terminal.failures import Unknown
from orchestration.terminal.reporter import Reporter
from orchestration.upgrade.archive import IN_ARCHIVE, write_archive


def back_up(settings: Settings, target: Path, reporter: Reporter) -> int:
    """Write the archive, whole or not at all; how many files it holds.

    Raises Unknown where there is nothing to back up, or no place for it.
    """
    if not settings.warehouse.exists():
        raise Unknown(f"{settings.warehouse} does not exist: there is nothing to back up yet")
    with lock(settings.folder, "backup", reporter):
        try:
            return write_archive(settings.folder, target)
        except OSError as error:
            raise Unknown(
                f"{target} could not be written: {error.strerror}; name a file in a folder that"
                " exists and has room"
            ) from None


def restore(settings: Settings, source: Path) -> int:
    """Put an archive's files where the settings say; how many there were.

    Raises WrongSettings where data stands there already, Unknown where the archive is none.
    """
    if settings.warehouse.exists() or any(settings.data_dir.iterdir()):
        raise WrongSettings(
            f"DATA_DIR {settings.data_dir} is not empty: move it away, or restore into another one"
        )
    try:
        with (
            tarfile.open(source) as archive,
            tempfile.TemporaryDirectory(dir=settings.data_dir.parent) as folder,
        ):
            archive.extractall(folder, filter="data")
            return _place(settings, Path(folder))
    except (tarfile.TarError, FileNotFoundError, IsADirectoryError, EOFError) as error:
        raise Unknown(f"{source} is no backup of stripe-traits: {type(error).__name__}") from None


def _place(settings: Settings, folder: Path) -> int:
    found = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    for path in found:
        name = path.relative_to(folder)
        target = settings.warehouse if name == IN_ARCHIVE else settings.data_dir / name
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.replace(target)
    return len(found)
