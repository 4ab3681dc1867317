"""From Stripe's objects to typed Arrow rows of the landing tables, in one pass.

Enters: parsed JSON of one kind of object and the moment of its read. Leaves: an Arrow table for
each landing table that these objects fill, and which objects fit no known shape, each with its
reason. No request and no database belongs here.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pyarrow as pa

from ingestion.landing import BY_NAME, EXTRACTS, TABLES
from ingestion.landing.columns import Column, Extract, Table
from ingestion.landing.json_paths import Getter, Node, WrongShape, getter, no_object, nodes
from ingestion.landing.schema import (
    ARROW_TYPES,
    DELETED_AT,
    LOADED_AT,
    READ_AT,
    STRIPE_ACCOUNT_ID,
    schema,
)
from ingestion.landing.values import READERS

UNREADABLE = (ArithmeticError, KeyError, TypeError, ValueError)  # what a reader raises
_GETTERS: dict[tuple[str, ...], tuple[Getter, ...]] = {
    column.paths: tuple(getter(path) for path in column.paths)
    for table in TABLES
    for column in table.columns
}
# Fields of the element itself, which is an object: most columns are one.
_OWN = {
    path: path.removeprefix("object.")
    for paths in _GETTERS
    for path in paths
    if path.startswith("object.") and path.count(".") == 1
}


@dataclass(frozen=True)
class Stamp:
    """What every row of a read carries: whose it is, when it was read, which load merged it.

    Both moments are naive UTC.
    """

    stripe_account_id: str
    read_at: datetime
    loaded_at: datetime


@dataclass(frozen=True)
class Misfit:
    """Why an object is kept out: the path of a value that is missing in every known shape of the
    API, or has another type; `problem` names the row, the field and the remedy."""

    path: str
    problem: str


@dataclass(frozen=True)
class Rows:
    """Arrow tables by landing table, and by object id what fits no known shape: none of its rows,
    nested ones neither, is in the tables."""

    tables: dict[str, pa.Table]
    misfits: dict[str, Misfit] = field(default_factory=dict)


def rows(stream: str, objects: Iterable[Any], stamp: Stamp) -> Rows:
    """The landing rows of objects of one kind."""
    objects, misfits = list(objects), dict[str, Misfit]()
    found: dict[str, list[Node]] = {extract.table: [] for extract in EXTRACTS[stream]}
    for extract in EXTRACTS[stream]:
        for root in objects:
            found[extract.table] += _elements(extract, root, misfits)
    made = {name: _columns(BY_NAME[name], elements, misfits) for name, elements in found.items()}
    return Rows(
        {
            name: _table(BY_NAME[name], columns, _kept(columns[0], found[name], misfits), stamp)
            for name, columns in made.items()
        },
        misfits,
    )


def _elements(extract: Extract, root: Any, misfits: dict[str, Misfit]) -> list[Node]:
    try:
        found = list(nodes(root, extract.path))
    except WrongShape as wrong:
        _keep_out(extract, root, f"has {wrong}", misfits)
        return []
    objects = [node for node in found if isinstance(node.object, dict)]
    if len(objects) < len(found):
        for node in found:
            if why := _why_no_object(extract, node.object):
                _keep_out(extract, root, why, misfits)
    return objects


def _why_no_object(extract: Extract, value: Any) -> str | None:
    """None: it is one, or the id of one that is read elsewhere."""
    if isinstance(value, str):
        why = f"holds the bare id {value}; it was asked for with its values"
        return why if extract.expanded else None
    return None if isinstance(value, dict) else f"has {no_object(value)}"


def _keep_out(extract: Extract, root: Any, why: str, misfits: dict[str, Misfit]) -> None:
    problem = f"{root['id']}: {extract.path} {why}; report the object to the maintainers"
    misfits.setdefault(root["id"], Misfit(extract.path, problem))


def _columns(table: Table, elements: list[Node], misfits: dict[str, Misfit]) -> list[pa.Array]:
    return [_array(table, column, elements, misfits) for column in table.columns]


def _kept(ids: pa.Array, elements: list[Node], misfits: dict[str, Misfit]) -> list[int]:
    """The places of the rows that stay: none of a misfit, one for an id, since the same card can
    be the default of many."""
    last = {
        name: place
        for place, (name, node) in enumerate(zip(ids.to_pylist(), elements, strict=True))
        if node.root["id"] not in misfits
    }
    return sorted(last.values())


def _table(table: Table, columns: list[pa.Array], kept: list[int], stamp: Stamp) -> pa.Table:
    count = len(kept)
    if count < len(columns[0]):
        columns = [column.take(pa.array(kept, pa.int64())) for column in columns]
    arrays = [pa.repeat(pa.scalar(stamp.stripe_account_id, STRIPE_ACCOUNT_ID.type), count)]
    arrays += columns
    if table.tombstones:
        arrays.append(pa.nulls(count, DELETED_AT.type))
    arrays.append(pa.repeat(pa.scalar(stamp.read_at, READ_AT.type), count))
    arrays.append(pa.repeat(pa.scalar(stamp.loaded_at, LOADED_AT.type), count))
    return pa.Table.from_arrays(arrays, schema=schema(table))


def _array(
    table: Table, column: Column, elements: list[Node], misfits: dict[str, Misfit]
) -> pa.Array:
    values = _values(table, column, elements, misfits)
    try:
        return pa.array(values, ARROW_TYPES[column.kind])
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        fitting = []
        for node, value in zip(elements, values, strict=True):
            if _fits(column, value):
                fitting.append(value)
            else:
                fitting.append(None)
                _note(misfits, node, _unfit(table, column, node, value))
        return pa.array(fitting, ARROW_TYPES[column.kind])


def _values(
    table: Table, column: Column, elements: list[Node], misfits: dict[str, Misfit]
) -> list[Any]:
    """One for each element. What is as it should be is read at once, and one by one where
    something is not, to say what it is."""
    getters, read = _GETTERS[column.paths], READERS[column.kind]
    own = _OWN.get(column.paths[0])
    values = [n.object.get(own) for n in elements] if own else list(map(getters[0], elements))
    for get in getters[1:]:
        if None in values:
            values = [get(n) if v is None else v for n, v in zip(elements, values, strict=True)]
    try:
        if read:
            values = [value if value is None else read(value) for value in values]
    except UNREADABLE:
        return [_value(table, column, getters, node, misfits) for node in elements]
    if column.required and None in values:
        return [_value(table, column, getters, node, misfits) for node in elements]
    return values


def _value(
    table: Table,
    column: Column,
    getters: tuple[Getter, ...],
    node: Node,
    misfits: dict[str, Misfit],
) -> Any:
    read: Callable[[Any], Any] | None = READERS[column.kind]
    for get in getters:
        value = get(node)
        if value is not None:
            try:
                return read(value) if read else value
            except UNREADABLE:
                _note(misfits, node, _unfit(table, column, node, value))
                return None
    if column.required:
        _note(misfits, node, _missing(table, column, node))
    return None


def _fits(column: Column, value: Any) -> bool:
    try:
        pa.array([value], ARROW_TYPES[column.kind])
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return False
    return True


def _note(misfits: dict[str, Misfit], node: Node, misfit: Misfit) -> None:
    """The first reason stays; the value is null, as its row will not be kept."""
    misfits.setdefault(node.root["id"], misfit)


def _missing(table: Table, column: Column, node: Node) -> Misfit:
    return Misfit(
        column.paths[0],
        f"{table.name} {_named(node)}: {column.paths[0]} is missing in every known shape of the"
        " API; set STRIPE_API_VERSION to a supported version",
    )


def _unfit(table: Table, column: Column, node: Node, value: Any) -> Misfit:
    return Misfit(
        column.paths[0],
        f"{table.name} {_named(node)}: {column.paths[0]} is no {column.kind} but a"
        f" {type(value).__name__}; report the object to the maintainers",
    )


def _named(node: Node) -> str:
    return str(node.object.get("id") or node.key)
