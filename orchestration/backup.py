"""Backup and restore of `DATA_DIR`: one archive, consistent although other processes go on.

Enters: the settings, a file. Leaves: `.tar.gz` with the warehouse, the published marts, every
SQLite file (inbox, account store, Dagster's storage) and the raw log. What a run makes again (dbt,
dlt, locks) is left out. The writers' lock is held while files are copied; the webhook receiver
goes on.
"""

import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import duckdb

from orchestration.configuration.data_folder import WAREHOUSE
from orchestration.configuration.environment import WrongSettings
from orchestration.configuration.settings import Settings
from orchestration.locks import lock
from orchestration.terminal.failures import Unknown
from orchestration.terminal.reporter import Reporter

MADE_AGAIN = ("dbt", "dlt", "in_process")
IN_ARCHIVE = Path(WAREHOUSE)  # wherever it is kept
SQLITE = b"SQLite format 3\x00"


def back_up(settings: Settings, target: Path, reporter: Reporter) -> int:
    """Write the archive, whole or not at all; how many files it holds.

    Raises Unknown where there is nothing to back up, or no place for it.
    """
    if not settings.warehouse.exists():
        raise Unknown(f"{settings.warehouse} does not exist: there is nothing to back up yet")
    with lock(settings.folder, "backup", reporter):
        with duckdb.connect(str(settings.warehouse)) as database:
            database.execute("checkpoint")  # nothing is left in a log beside the file
        files = [settings.warehouse, *_files(settings.data_dir, but=settings.warehouse)]
        with (
            _written_whole(target) as fresh,
            tarfile.open(fresh, "w:gz", compresslevel=1) as archive,
        ):
            for path in files:
                _add(archive, path, _name(settings, path))
    return len(files)


@contextmanager
def _written_whole(target: Path) -> Iterator[Path]:
    """A private file that becomes `target` if all went well, and is gone if not."""
    fresh = target.with_name(target.name + ".tmp")
    try:
        fresh.touch(mode=0o600)
        yield fresh
        fresh.replace(target)
    except OSError as error:
        with suppress(OSError):
            fresh.unlink()
        raise Unknown(
            f"{target} could not be written: {error.strerror}; name a file in a folder that exists"
            " and has room"
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


def _name(settings: Settings, path: Path) -> str:
    return str(IN_ARCHIVE if path == settings.warehouse else path.relative_to(settings.data_dir))


def _files(data_dir: Path, *, but: Path) -> Iterator[Path]:
    for path in sorted(data_dir.rglob("*")):
        kept = path.is_file() and path != but and not path.is_symlink()
        transient = path.suffix in (".lock", ".tmp", ".wal") or path.name.endswith(("-wal", "-shm"))
        if kept and not transient and not set(MADE_AGAIN) & set(path.relative_to(data_dir).parts):
            yield path


def _add(archive: tarfile.TarFile, path: Path, name: str) -> None:
    """A SQLite file may be written at this moment: a copy by its own means is consistent."""
    with path.open("rb") as file:
        is_sqlite = file.read(len(SQLITE)) == SQLITE
    if not is_sqlite:
        archive.add(path, name)
        return
    with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".tmp") as copy:
        with closing(sqlite3.connect(path)) as live, closing(sqlite3.connect(copy.name)) as kept:
            live.backup(kept)
        archive.add(copy.name, name)
