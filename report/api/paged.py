"""Rows of a table a page at a time: `limit`, and a `cursor` that the answer before gave.

Enters: a table, the parameters of a request. Leaves: rows as objects, and the cursor of the next
ones. A cursor of accounts is the last account's id, so that a new build between two pages neither
repeats nor skips one; where another order is asked for it is the number of the page.
"""

import base64
import binascii
import json
from dataclasses import replace
from typing import Any

from report.page import View
from report.tables import Table, shown

USUAL, MOST = 100, 1_000
AFTER = """
select * from ({sql}) as page
where $after::varchar is null or page.account_id > $after
order by page.account_id
"""


class WrongParameter(ValueError):
    """The text names the parameter and what it takes."""


def of_page(view: View, name: str, table: Table) -> tuple[list[dict[str, Any]], str | None]:
    """In the table's order. Raises WrongParameter."""
    page = _cursor(view, int) or 1
    found = shown(view.copy, name, replace(table, rows=limit(view), page=page))
    return found.records, _written(page + 1) if found.has_more else None


def by_account(view: View, name: str, table: Table) -> tuple[list[dict[str, Any]], str | None]:
    """In the order of the accounts' ids. Raises WrongParameter."""
    after = {**table.parameters, "after": _cursor(view, str)}
    sql = AFTER.format(sql=table.sql)
    asked = replace(table, sql=sql, parameters=after, rows=limit(view), page=1)
    found = shown(view.copy, name, asked)
    last = found.records[-1]["account_id"] if found.rows else None
    return found.records, _written(last) if found.has_more else None


def limit(view: View) -> int:
    """Raises WrongParameter."""
    given = view["limit"] or str(USUAL)
    if not given.isdecimal() or not 1 <= int(given[:9]) <= MOST:
        raise WrongParameter(f"limit: '{given[:40]}' is no number from 1 to {MOST:,}")
    return int(given)


def _written(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def _cursor(view: View, kind: type[Any]) -> Any:
    given = view["cursor"]
    if given is None:
        return None
    try:
        value = json.loads(base64.urlsafe_b64decode(given + "=" * (-len(given) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        value = None
    if type(value) is not kind or (kind is int and not 1 < value <= 1_000_000):
        raise WrongParameter("cursor: take 'next_cursor' of the answer before, or leave it out")
    return value
