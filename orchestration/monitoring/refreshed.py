"""When a refresh last ended well.

Enters: a moment, once it has. Leaves: the moment, for guards and for what is wrong now.
"""

from datetime import UTC, datetime

from orchestration.configuration.data_folder import DataFolder
from orchestration.publication.marts import published_at
from orchestration.whole_file import write_whole


def note_refreshed(folder: DataFolder, *, at: datetime) -> None:
    """A refresh has ended well, also one that found nothing to do; `at` is aware UTC."""
    write_whole(folder.refreshed, at.isoformat())


def refreshed_at(folder: DataFolder) -> datetime | None:
    """When a refresh last ended well, aware UTC; None: never. Where the file does not tell, it was
    when the marts were published, or later."""
    try:
        return datetime.fromisoformat(folder.refreshed.read_text()).astimezone(UTC)
    except (OSError, ValueError):
        return published_at(folder.marts)
