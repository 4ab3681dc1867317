"""Which columns name which objects, as the columns themselves say.

Enters: the landing tables. Leaves: `REFERENCES`, each pair of a column and the stream whose objects
it names; `ROOTS`, what holds the rows of nested elements.
"""

from dataclasses import dataclass

from ingestion.landing import EXTRACTS, TABLES
from ingestion.landing.columns import Column


@dataclass(frozen=True)
class Reference:
    """A column of a table whose values are ids of a stream's objects."""

    table: str
    column: Column
    stream: str

    @property
    def name(self) -> str:
        return f"{self.table}.{self.column.name}"


REFERENCES = tuple(
    Reference(table.name, column, column.names)
    for table in TABLES
    for column in table.columns
    if column.names in EXTRACTS
)
BY_NAME = {reference.name: reference for reference in REFERENCES}
# Tables of nested elements, and their column that names the object which they came with.
ROOTS = {
    table.name: column.name
    for table in TABLES
    for column in table.columns
    if column.paths == ("root.id",)
}


def root_streams(table: str) -> list[str]:
    """The streams whose objects bring rows of this table: its own alone, if it has one."""
    if table in EXTRACTS:
        return [table]
    return [
        stream
        for stream, extracts in EXTRACTS.items()
        if any(extract.table == table for extract in extracts)
    ]
