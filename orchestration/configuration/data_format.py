"""Which format the files of DATA_DIR have: one number for all of them, kept in the file `format`.

Enters: the data folder. Leaves: the number, or the refusal of a newer one. `upgrade` brings earlier
ones to today's.
"""

from contextlib import suppress
from pathlib import Path

from orchestration.configuration.data_folder import DataFolder

# Raised by who changes a file so that the version before could not go on with it. 0: every version
# before formats were numbered.
FORMAT = 1


class NewerData(Exception):
    """A later version wrote this folder; the text says what to install or to restore."""


def found(folder: DataFolder) -> int | None:
    """None: nothing was ever written here. Not known, as where the file was lost, is 0."""
    with suppress(OSError, ValueError):
        return int(folder.format.read_text())
    return 0 if folder.warehouse.exists() else None


def check(folder: DataFolder) -> None:
    """Raises NewerData."""
    held = found(folder)
    if held is not None and held > FORMAT:
        raise NewerData(
            f"DATA_DIR {folder.path} has format {held}, and this version of stripe-traits knows"
            f" {FORMAT}: install the version that wrote it, or restore the backup"
            f" {backup_before(folder, held)} into an empty folder; nothing was changed"
        )


def backup_before(folder: DataFolder, wanted: int) -> Path:
    """What stood here before it was brought to that format."""
    return folder.backups / f"before-format-{wanted}.tar.gz"
