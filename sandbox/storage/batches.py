"""Objects in bulk, ready for their tables: what those who generate hand to the one who writes.

Enters: objects, and how a text is packed. Leaves: the values of their rows (and of the rows that
come with them) by the statement that inserts them.
"""

from collections.abc import Callable, Iterable
from typing import Any

from sandbox.shapes import Json
from sandbox.storage import rows, schema

Batch = dict[str, list[tuple[Any, ...]]]
Pack = Callable[[bytes], bytes]


def batch(objects: Iterable[Json], pack: Pack) -> Batch:
    return of_rows(map(rows.row, objects), pack)


def of_rows(made: Iterable[rows.Row], pack: Pack) -> Batch:
    result: Batch = {}
    for row in made:
        _add(result, row, pack)
    return result


def _add(result: Batch, row: rows.Row, pack: Pack) -> None:
    values = (row.id, row.created, row.wide, row.extra, pack(row.text), *row.columns)
    result.setdefault(schema.insert(row.kind), []).append(values)
    if row.items:
        result.setdefault(schema.INSERT_ITEM, []).extend(row.items)
    for discount in row.discounts:
        _add(result, rows.row(discount), pack)
