"""The data of an earlier version is backed up once, before this version changes it.

Enters: the data folder, whose writers' lock is held. Leaves: a backup, and the folder marked with
today's format. The change itself is made where a file is opened: each schema adds what it lacks
(`ingestion/inbox/schema`, `reverse_sync/state/schema`, the account stores), a landing table that
lacks a column makes a full read due, and other models make a full build due.
"""

from collections.abc import Callable

from orchestration.configuration.data_folder import DataFolder
from orchestration.configuration.data_format import FORMAT, backup_before, check, found
from orchestration.whole_file import write_whole


def is_due(folder: DataFolder) -> bool:
    """Whether the folder has another format than today's, or none yet."""
    return found(folder) != FORMAT


def upgrade(folder: DataFolder, say: Callable[[str], None]) -> None:
    """Raises NewerData; OSError where there is no room for the backup, and then changes nothing."""
    check(folder)
    if folder.warehouse.exists():
        from orchestration.upgrade.archive import write_archive

        target = backup_before(folder, FORMAT)
        target.parent.mkdir(exist_ok=True, mode=0o700)
        write_archive(folder, target)
        say(f"data of an earlier version: kept as it was in {target}")
    write_whole(folder.format, f"{FORMAT}\n")
