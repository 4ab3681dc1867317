"""From Stripe's objects to typed Arrow rows of the landing tables.

Enters: parsed JSON of one kind of object and the moment of its read. Leaves: one Arrow table for
each landing table that these objects fill. No request and no database belongs here.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson
import pyarrow as pa

from ingestion.landing import EXTRACTS, TABLES
from ingestion.landing.columns import Column, Extract, Kind, Table
from ingestion.landing.json_paths import Getter, Node, getter, nodes

ARROW_TYPES: dict[Kind, pa.DataType] = {
    Kind.TEXT: pa.string(),
    Kind.ID: pa.string(),
    Kind.FLAG: pa.bool_(),
    Kind.INTEGER: pa.int64(),
    Kind.DECIMAL: pa.decimal128(38, 12),
    Kind.TIMESTAMP: pa.timestamp("us"),
    Kind.JSON: pa.string(),
    Kind.SUM: pa.int64(),
    Kind.TAXES: pa.string(),
}
STRIPE_ACCOUNT_ID = pa.field("stripe_account_id", pa.string(), nullable=False)
READ_AT = pa.field("read_at", pa.timestamp("us"), nullable=False)
LOADED_AT = pa.field("loaded_at", pa.timestamp("us"), nullable=False)
KEY = (STRIPE_ACCOUNT_ID.name, "id")  # of every landing table
DELETED_AT = pa.field("deleted_at", pa.timestamp("us"))


@dataclass(frozen=True)
class Stamp:
    """What every row of a read carries: whose it is, when it was read, which load merged it.

    Both moments are naive UTC.
    """

    stripe_account_id: str
    read_at: datetime
    loaded_at: datetime


class MissingValue(Exception):
    """A value that Stripe always sends is missing in every known shape, or has another type."""

    def __init__(self, path: str, said: str) -> None:
        super().__init__(said)
        self.path = path


def _id(value: Any) -> Any:
    return value["id"] if isinstance(value, dict) else value


def _json(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def _sum(value: Any) -> int:
    return sum(element["amount"] for element in value)


def _taxes(value: Any) -> str:
    return _json([_tax(tax) for tax in value])


def _tax(tax: Any) -> Any:
    """Basil renamed what a tax says of itself; a tax in the newer words stays as it is."""
    if "inclusive" not in tax:
        return tax
    return {
        "amount": tax["amount"],
        "tax_behavior": "inclusive" if tax["inclusive"] else "exclusive",
        "tax_rate_details": {"tax_rate": _id(tax["tax_rate"])},
        "taxability_reason": tax.get("taxability_reason"),
        "taxable_amount": tax.get("taxable_amount"),
        "type": "tax_rate_details",
    }


def _timestamp(value: Any) -> datetime:
    return datetime.fromtimestamp(int(value), UTC).replace(tzinfo=None)


def _decimal(value: Any) -> Decimal:
    return Decimal(str(value))


READERS: dict[Kind, Callable[[Any], Any] | None] = {
    Kind.TEXT: None,
    Kind.ID: _id,
    Kind.FLAG: None,
    Kind.INTEGER: None,
    Kind.DECIMAL: _decimal,
    Kind.TIMESTAMP: _timestamp,
    Kind.JSON: _json,
    Kind.SUM: _sum,
    Kind.TAXES: _taxes,
}

_GETTERS: dict[tuple[str, ...], tuple[Getter, ...]] = {
    column.paths: tuple(getter(path) for path in column.paths)
    for table in TABLES
    for column in table.columns
}
_BY_NAME = {table.name: table for table in TABLES}


def schema(table: Table) -> pa.Schema:
    """The Arrow schema of a landing table: the Stripe account, its columns, its moments."""
    return _SCHEMAS[table.name]


def _schema(table: Table) -> pa.Schema:
    fields = [
        pa.field(column.name, ARROW_TYPES[column.kind], nullable=column.name != "id")
        for column in table.columns
    ]
    moments = [*([DELETED_AT] if table.tombstones else []), READ_AT, LOADED_AT]
    return pa.schema([STRIPE_ACCOUNT_ID, *fields, *moments])


_SCHEMAS = {table.name: _schema(table) for table in TABLES}


def rows(stream: str, objects: Iterable[Any], stamp: Stamp) -> dict[str, pa.Table]:
    """Arrow tables by landing table. Raises MissingValue."""
    objects = list(objects)
    found: dict[str, dict[str, Node]] = {extract.table: {} for extract in EXTRACTS[stream]}
    for extract in EXTRACTS[stream]:
        for root in objects:
            for node in _expanded(extract, nodes(root, extract.path)):
                # The same card can be the default of many: one row an id.
                found[extract.table][_identity(_BY_NAME[extract.table], node)] = node
    return {
        name: _table(_BY_NAME[name], list(elements.values()), stamp)
        for name, elements in found.items()
    }


def _expanded(extract: Extract, elements: Iterable[Node]) -> Iterator[Node]:
    for node in elements:
        if isinstance(node.object, dict):
            yield node
        elif extract.expanded:
            raise MissingValue(
                extract.path,
                f"{node.root['id']}: {extract.path} holds the bare id {node.object}; it was asked"
                " for with its values, so report the object to the maintainers",
            )


def _identity(table: Table, node: Node) -> str:
    """What the row's `id` will be."""
    values = (get(node) for get in _GETTERS[table.columns[0].paths])
    return str(next((value for value in values if value is not None), node.key))


def _table(table: Table, elements: list[Node], stamp: Stamp) -> pa.Table:
    count = len(elements)
    arrays = [pa.repeat(pa.scalar(stamp.stripe_account_id, STRIPE_ACCOUNT_ID.type), count)]
    arrays += [_array(table, column, elements) for column in table.columns]
    if table.tombstones:
        arrays.append(pa.nulls(count, DELETED_AT.type))
    arrays.append(pa.repeat(pa.scalar(stamp.read_at, READ_AT.type), count))
    arrays.append(pa.repeat(pa.scalar(stamp.loaded_at, LOADED_AT.type), count))
    return pa.Table.from_arrays(arrays, schema=schema(table))


def _array(table: Table, column: Column, elements: list[Node]) -> pa.Array:
    values = _values(table, column, elements)
    try:
        return pa.array(values, ARROW_TYPES[column.kind])
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise _named(table, column, elements, values) from error


def _values(table: Table, column: Column, elements: list[Node]) -> list[Any]:
    """One for each element; most columns have one path, and their values are taken as they are."""
    getters = _GETTERS[column.paths]
    if len(getters) > 1 or column.required or READERS[column.kind]:
        return [_value(table, column, getters, node) for node in elements]
    return [getters[0](node) for node in elements]


def _value(table: Table, column: Column, getters: tuple[Getter, ...], node: Node) -> Any:
    read = READERS[column.kind]
    for get in getters:
        value = get(node)
        if value is not None:
            try:
                return read(value) if read else value
            except (ArithmeticError, KeyError, TypeError, ValueError):
                raise _misfit(table, column, node, value) from None
    if column.required:
        raise MissingValue(
            column.paths[0],
            f"{table.name} {node.object.get('id') or node.key}: {column.paths[0]} is missing in"
            f" every known shape of the API; set STRIPE_API_VERSION to a supported version",
        )
    return None


def _named(table: Table, column: Column, elements: list[Node], values: list[Any]) -> MissingValue:
    """Find the element whose value does not fit, so that the message can name it."""
    for node, value in zip(elements, values, strict=True):
        try:
            pa.array([value], ARROW_TYPES[column.kind])
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            return _misfit(table, column, node, value)
    return MissingValue(column.paths[0], f"{table.name}: {column.name} does not fit {column.kind}")


def _misfit(table: Table, column: Column, node: Node, value: Any) -> MissingValue:
    return MissingValue(
        column.paths[0],
        f"{table.name} {node.object.get('id') or node.key}: {column.paths[0]} is no {column.kind}"
        f" but a {type(value).__name__}; report the object to the maintainers",
    )
