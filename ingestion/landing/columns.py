"""What a landing table is made of: columns, their kinds, and where their values stand.

Enters: nothing. Leaves: the words that `landing` declares its tables with,
and the columns that most of them have. No table stands here.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

KEY = ("stripe_account_id", "id")  # of every landing table


class Kind(StrEnum):
    """How a value is read; the Arrow types are in `rows`."""

    TEXT = "text"
    ID = "id"  # an id, or an expanded object whose `id` is taken
    FLAG = "flag"
    INTEGER = "integer"  # amounts in minor units, counts
    DECIMAL = "decimal"  # decimal(38, 12): decimal prices in minor units, percentages
    TIMESTAMP = "timestamp"  # Unix seconds -> UTC
    JSON = "json"  # kept as JSON text
    SUM = "sum"  # sum of `amount` over a list, minor units
    TAXES = "taxes"  # JSON text of a list of taxes, older shapes made into the pin's


@dataclass(frozen=True)
class Column:
    """One column: `required` values that are missing in all known shapes fail the load by name.

    `names`: its values are ids of this stream's objects (or of this table's rows); None: it holds
    no id, or that of the object which the row came with. `embedded`: the object itself can stand
    there, with all that its own row needs.
    """

    name: str
    kind: Kind
    paths: tuple[str, ...]
    required: bool = False
    names: str | None = None
    embedded: bool = False


@dataclass(frozen=True)
class Table:
    """One landing table; `id` is its key within a Stripe account.

    `tombstones` says that `deleted_at` is kept on it.
    """

    name: str
    columns: tuple[Column, ...]
    tombstones: bool = False


@dataclass(frozen=True)
class Extract:
    """Where the rows of a table stand in an object: `[]` walks a list, `{}` a mapping.

    `expanded`: a bare id there is a failure, not an element that is read elsewhere.
    """

    table: str
    path: str = ""
    expanded: bool = False


def _column(kind: Kind, name: str, *paths: str, required: bool = False) -> Column:
    return Column(name, kind, paths or (f"object.{name}",), required)


def holder(name: str, *paths: str) -> Column:
    """The id of the object that the row came with, or of the part of it that holds the element."""
    return _column(Kind.ID, name, *paths, required=True)


def text(name: str, *paths: str, required: bool = False) -> Column:
    return _column(Kind.TEXT, name, *paths, required=required)


def reference(
    name: str, *paths: str, names: str, required: bool = False, embedded: bool = False
) -> Column:
    column = _column(Kind.ID, name, *paths, required=required)
    return replace(column, names=names, embedded=embedded)


def flag(name: str, *paths: str) -> Column:
    return _column(Kind.FLAG, name, *paths)


def integer(name: str, *paths: str, required: bool = False) -> Column:
    return _column(Kind.INTEGER, name, *paths, required=required)


def decimal(name: str, *paths: str) -> Column:
    return _column(Kind.DECIMAL, name, *paths)


def timestamp(name: str, *paths: str, required: bool = False) -> Column:
    return _column(Kind.TIMESTAMP, name, *paths, required=required)


def json(name: str, *paths: str, names: str | None = None) -> Column:
    """`names`: it is a list of ids."""
    return replace(_column(Kind.JSON, name, *paths), names=names)


def total(name: str, *paths: str) -> Column:
    return _column(Kind.SUM, name, *paths)


def taxes(name: str, *paths: str) -> Column:
    return _column(Kind.TAXES, name, *paths)


ID = text("id", required=True)
CREATED = timestamp("created", required=True)
LIVEMODE = flag("livemode")
COUPON = ("object.source.coupon", "object.coupon")  # of a discount
