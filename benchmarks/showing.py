"""How a benchmark shows what it measures: each row as it comes, all of them at the end.

Enters: columns, rows. Leaves: lines on standard error while it takes minutes; in the end a table,
or what a program may read, on standard output.
"""

import argparse
import json
import sys
from typing import Any

from rich.console import Console
from rich.table import Table


class Rows:
    """A table that grows."""

    def __init__(self, *columns: str) -> None:
        self._table = Table(*columns)
        self._columns, self._rows = columns, list[list[str]]()

    def add(self, cells: list[str]) -> None:
        self._table.add_row(*cells)
        self._rows.append(cells)
        print(" | ".join(cells), file=sys.stderr, flush=True)

    def end(self, found: Any, *, as_json: bool, missed: list[str] | None = None) -> int:
        """Show the table, or `found`; the exit code: 1 where a goal was missed."""
        if as_json:
            shown = {"columns": self._columns, "rows": self._rows}
            print(json.dumps(shown | {"found": found, "missed": missed or []}))
        else:
            Console(width=150).print(self._table)
        for line in missed or ():
            print(f"missed: {line}", file=sys.stderr)
        return 1 if missed else 0


def arguments(doc: str | None) -> argparse.ArgumentParser:
    """The options that every such benchmark has."""
    parser = argparse.ArgumentParser(description=doc)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    return parser
