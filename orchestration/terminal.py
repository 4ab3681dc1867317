"""What the commands share on the terminal: where they print, how they report.

Enters: a stage's events, through a reporter. Leaves: lines on the terminal; progress
goes to stderr.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console

from orchestration.reporter import LogReporter, Reporter, TerminalReporter

console = Console()
Json = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]


@contextmanager
def reporting() -> Iterator[Reporter]:
    """Progress bars where somebody watches, plain lines elsewhere."""
    errors = Console(stderr=True)
    if errors.is_terminal:
        with TerminalReporter(errors) as reporter:
            yield reporter
    else:
        yield LogReporter(lambda line: errors.print(line, soft_wrap=True, highlight=False))
