"""What the commands share on the terminal: where they print, how they report.

Enters: a stage's events, through a reporter. Leaves: lines on the terminal; progress
goes to stderr.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Annotated

import typer

from orchestration.terminal.logs import is_json, log
from orchestration.terminal.printable import Terminal
from orchestration.terminal.reporter import LogReporter, Reporter, TerminalReporter


def _utc(text: str) -> datetime:
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"'{text}' is no moment: write 2025-06-15, 2025-06-15T08:30:00 (UTC) or with an"
            " offset, 2025-06-15T10:30:00+02:00"
        ) from None
    return given.astimezone(UTC) if given.tzinfo else given.replace(tzinfo=UTC)


console = Terminal()
# An ISO 8601 day or moment, of UTC where no offset is given.
moment_option = partial(typer.Option, parser=_utc, metavar="MOMENT")
Json = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]
To = Annotated[
    str | None,
    typer.Option("--to", help="A store of stores.yml; default: that of ACCOUNT_STORE_URL."),
]
Override = Annotated[
    list[str] | None,
    typer.Option(
        help="A guard that does not count this once, such as churns; may be repeated. It is noted"
        " with the run."
    ),
]


def named_guards(given: list[str] | None) -> frozenset[str]:
    """The guards of --override; one that does not exist is wrong usage."""
    from reverse_sync.guards import GUARDS, UPSTREAM

    known = (*GUARDS, *UPSTREAM)
    for name in given or ():
        if name not in known:
            raise typer.BadParameter(f"there is no guard '{name}'; they are {', '.join(known)}")
    return frozenset(given or ())


@contextmanager
def reporting() -> Iterator[Reporter]:
    """Progress bars where somebody watches, plain lines elsewhere, JSON where it is asked for."""
    errors = Terminal(stderr=True)
    if is_json():
        yield LogReporter(log.info)
    elif errors.is_terminal:
        with TerminalReporter(errors) as reporter:
            yield reporter
    else:
        yield LogReporter(lambda line: errors.print(line, soft_wrap=True, highlight=False))
