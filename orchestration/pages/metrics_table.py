"""What MetricFlow answered, as a table whose amounts a person can read; `make metrics` prints it.

Enters: its CSV. Leaves: text. `mf` itself would write 1717650.00 as 1.71765e+06.
"""

import csv
import sys
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path

from orchestration.terminal.printable import in_line

FEWEST, MOST = 2, 4  # decimals: those of an amount, those of a ratio
MIDNIGHT = " 00:00:00"


def table(answer: Path) -> str:
    """Words to the left, numbers to the right."""
    with answer.open() as file:
        header, *rows = csv.reader(file)
    shown = [list(map(in_line, header)), *([_cell(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    numbers = [any(_number(cell) is not None for cell in column) for column in zip(*rows)]  # noqa: B905
    return "\n".join(_line(row, widths, numbers) for row in shown)


def _line(row: Sequence[str], widths: Sequence[int], numbers: Sequence[bool]) -> str:
    aligned = (
        cell.rjust(width) if is_number else cell.ljust(width)
        for cell, width, is_number in zip(row, widths, numbers or [False] * len(row), strict=True)
    )
    return "  ".join(aligned).rstrip()


def _cell(text: str) -> str:
    """A count has no decimals, an amount two, a ratio up to four."""
    number = _number(text)
    if number is None:
        return in_line(text.removesuffix(MIDNIGHT))
    if "." not in text:
        return f"{number:,}"
    whole, _, part = f"{number:,.{MOST}f}".partition(".")
    return f"{whole}.{part.rstrip('0').ljust(FEWEST, '0')}"


def _number(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


if __name__ == "__main__":
    if Path(sys.argv[1]).exists():  # not where the query names a CSV of its own, or explains itself
        sys.stdout.write(table(Path(sys.argv[1])) + "\n")
