"""An archive of `DATA_DIR`, consistent although other processes go on.

Enters: the data folder, whose writers' lock is held, and a file. Leaves: `.tar.gz` with the
warehouse, the published marts, every SQLite file (inbox, account store, Dagster's storage) and the
raw log. What a run makes again (dbt, dlt, locks) and earlier backups are left out.
"""

import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

import duckdb

from orchestration.configuration.data_folder import BACKUPS, PLANS, WAREHOUSE, DataFolder
from orchestration.file_lock import writer_lock

LEFT_OUT = ("dbt", "dlt", "in_process", BACKUPS, PLANS)
IN_ARCHIVE = Path(WAREHOUSE)  # wherever it is kept
SQLITE = b"SQLite format 3\x00"


def write_archive(folder: DataFolder, target: Path) -> int:
    """Whole or not at all, and private; how many files it holds."""
    with duckdb.connect(str(folder.warehouse)) as database:
        database.execute("checkpoint")  # nothing is left in a log beside the file
    files = [folder.warehouse, *_files(folder.path, but=folder.warehouse)]
    with (
        _at_rest(folder),
        _written_whole(target) as fresh,
        tarfile.open(fresh, "w:gz", compresslevel=1) as archive,
    ):
        for path in files:
            _add(archive, path, _name(folder, path))
    return len(files)


@contextmanager
def _at_rest(folder: DataFolder) -> Iterator[None]:
    """The records of the stores of `stores.yml`, which nobody writes meanwhile."""
    with ExitStack() as held:
        for path in sorted(folder.path.glob("stores/*/records.duckdb")):
            held.enter_context(writer_lock(path.with_suffix(".lock"), purpose="backup"))
            with duckdb.connect(str(path)) as database:
                database.execute("checkpoint")
        yield


@contextmanager
def _written_whole(target: Path) -> Iterator[Path]:
    """A private file that becomes `target` if all went well, and is gone if not."""
    fresh = target.with_name(target.name + ".tmp")
    try:
        fresh.touch(mode=0o600)
        yield fresh
        fresh.replace(target)
    except OSError:
        with suppress(OSError):
            fresh.unlink()
        raise


def _name(folder: DataFolder, path: Path) -> str:
    return str(IN_ARCHIVE if path == folder.warehouse else path.relative_to(folder.path))


def _files(data_dir: Path, *, but: Path) -> Iterator[Path]:
    for path in sorted(data_dir.rglob("*")):
        kept = path.is_file() and path != but and not path.is_symlink()
        transient = path.suffix in (".lock", ".tmp", ".wal") or path.name.endswith(("-wal", "-shm"))
        if kept and not transient and not set(LEFT_OUT) & set(path.relative_to(data_dir).parts):
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
