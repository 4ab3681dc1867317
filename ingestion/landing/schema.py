"""The Arrow schema of each landing table.

Enters: the tables' columns. Leaves: schemas by the table's name, and the fields that every table
has.
"""

import pyarrow as pa

from ingestion.landing import TABLES
from ingestion.landing.columns import Kind, Table

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
DELETED_AT = pa.field("deleted_at", pa.timestamp("us"))


def schema(table: Table) -> pa.Schema:
    """The Arrow schema of a landing table: the Stripe account, its columns, its moments."""
    return SCHEMAS[table.name]


def _schema(table: Table) -> pa.Schema:
    fields = [
        pa.field(column.name, ARROW_TYPES[column.kind], nullable=column.name != "id")
        for column in table.columns
    ]
    moments = [*([DELETED_AT] if table.tombstones else []), READ_AT, LOADED_AT]
    return pa.schema([STRIPE_ACCOUNT_ID, *fields, *moments])


SCHEMAS = {table.name: _schema(table) for table in TABLES}
