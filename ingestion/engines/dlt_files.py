"""dlt's way into a lake: its Parquet files, merged when all of a load are there.

Enters: what merges them. Leaves: a destination for dlt. Its own merges know no version guard.
"""

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dlt.destinations import destination
from dlt.destinations.impl.destination.destination import DestinationClient

Files = dict[str, list[str]]  # Parquet files by landing table
NAME = "lake"


class DltFiles(destination):
    """Each load's files go to `merge` at once."""

    def __init__(self, merge: Callable[[Files], None]) -> None:
        self.merge = merge
        self.files: Files = defaultdict(list)

        def note(items: Any, table: Any) -> None:
            path = Path(items)  # which dlt moves when its job is done
            self.files[table["name"]].append(str(path.parents[1] / "completed_jobs" / path.name))

        # Names as in a file, whose dlt state may be here.
        super().__init__(
            note,
            NAME,
            loader_file_format="parquet",
            batch_size=0,
            naming_convention="snake_case",
        )

    @property
    def client_class(self) -> type[DestinationClient]:
        loads = self

        class Client(DestinationClient):
            def complete_load(self, load_id: str) -> None:  # noqa: ARG002
                loads.merge(loads.files)
                loads.files.clear()

        return Client
