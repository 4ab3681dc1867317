"""The twins of a table for programs: CSV and JSON, from the same question, without a page's limit.

Enters: a table. Leaves: chunks of text, so that a long file is never held whole. Amounts are exact
decimal text. A cell of text that a spreadsheet would run is escaped.
"""

import csv
import io
import json
from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from report.columns import Column
from report.published import Copy
from report.tables import Rows, Table, whole

RUN_BY_SPREADSHEETS = frozenset("=+-@\t\r\n")


def as_csv(copy: Copy, table: Table) -> Iterator[str]:
    """A line of names, then the rows."""
    with whole(copy, table) as (columns, batches):
        writers = [_cell(column) for column in columns]
        yield _lines([tuple(escaped(column.name) for column in columns)])
        for batch in batches:
            yield _lines(_converted(batch, writers))


def as_json(copy: Copy, table: Table) -> Iterator[str]:
    """One object: the title, the columns, the rows as objects."""
    with whole(copy, table) as (columns, batches):
        names = [column.name for column in columns]
        described = [
            {"name": column.name, "label": column.label, "kind": column.kind} for column in columns
        ]
        yield json.dumps({"title": table.title, "columns": described})[:-1] + ', "rows": ['
        before = ""
        for batch in batches:
            rows = (dict(zip(names, row, strict=True)) for row in batch)
            yield before + ",\n".join(json.dumps(row, default=plain) for row in rows)
            before = ",\n"
        yield "]}\n"


def escaped(text: str) -> str:
    """An apostrophe in front makes a spreadsheet take it as text."""
    return f"'{text}" if text[:1] in RUN_BY_SPREADSHEETS else text


def _lines(rows: Rows) -> str:
    written = io.StringIO()
    csv.writer(written).writerows(rows)
    return written.getvalue()


def _converted(batch: Rows, writers: list[Callable[[Any], Any]]) -> Rows:
    """Column by column, which is twice as quick as cell by cell."""
    cells = zip(*batch, strict=True)
    return list(zip(*map(map, writers, cells), strict=True))


def _cell(column: Column) -> Callable[[Any], Any]:
    return _WRITERS.get(column.kind, _text)


def _text(value: Any) -> Any:
    return value if value is None else escaped(str(value))


def _as_json(value: Any) -> Any:
    """Lists and maps begin with a bracket, which no spreadsheet runs."""
    return value if value is None else json.dumps(value, default=plain)


def _number(value: Any) -> Any:
    return f"{value:f}" if isinstance(value, Decimal) else value


def _day(value: date | None) -> str | None:
    return value if value is None else value.isoformat()


def _moment(value: datetime | None) -> str | None:
    return value if value is None else f"{value.isoformat()}Z"


def _flag(value: bool | None) -> str | None:
    return value if value is None else str(value).lower()


def plain(value: Any) -> Any:
    """What JSON has no word for; times are UTC."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    return _moment(value) if isinstance(value, datetime) else _day(value)


_WRITERS: dict[str, Callable[[Any], Any]] = {
    **dict.fromkeys(("money", "average", "rate", "ratio", "percent", "number"), _number),
    **dict.fromkeys(("list", "amounts", "pairs"), _as_json),
    "date": _day,
    "month": _day,
    "time": _moment,
    "flag": _flag,
}
