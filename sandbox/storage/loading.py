"""The first load of a file: everything is gathered in a second file, and brought over in order.

Enters: the store's path and connection, batches. Leaves: tables whose rows lie in the order of
their lists, so that a page is read from one place, and indexes made at once. Until all is gathered
nothing of the store's file is touched.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sandbox.storage import schema
from sandbox.storage.batches import Batch
from sandbox.storage.database import Connection, Database


@contextmanager
def gathered(path: Path, made: Iterable[Batch]) -> Iterator[Path]:
    """The file beside the store's that holds all batches, gone afterwards."""
    heap = path.with_name(f"{path.name}.load")
    heap.unlink(missing_ok=True)
    try:
        with Database(heap) as gathering:
            db = gathering.db()
            db.execute("PRAGMA journal_mode = OFF")
            for statement in schema.tables():
                db.execute(statement)
            with gathering.writing():
                for batch in made:
                    for insert, values in batch.items():
                        db.executemany(insert, values)
        yield heap
    finally:
        heap.unlink(missing_ok=True)


def bring(db: Connection, heap: Path, dictionary: bytes | None) -> None:
    """The gathered rows into the empty tables; a file left in the middle is known by its mark."""
    db.execute("ATTACH ? AS heap", (str(heap),))
    for statement in (schema.UNFINISHED, "BEGIN", *schema.moves()):
        db.execute(statement)
    for statement in (*schema.indexes(), "PRAGMA analysis_limit = 400", "ANALYZE"):
        db.execute(statement)
    if dictionary:
        db.execute("INSERT INTO dictionary VALUES (?)", (dictionary,))
    for statement in (schema.MARK, "COMMIT", "DETACH heap"):
        db.execute(statement)
