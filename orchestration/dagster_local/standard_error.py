"""Standard error without what Dagster writes there beside the error that it raises.

Enters: a block that runs a job. Leaves: its standard error, where an event that could not be stored
is told once, by the command.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from typing import Any, TextIO, cast

TOLD_BY_DAGSTER = ("Exception while writing logger call", "Exception while storing event batch")


class _WithoutDagster:
    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        return len(text) if text.startswith(TOLD_BY_DAGSTER) else self._stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def told_once() -> Iterator[None]:
    with redirect_stderr(cast("TextIO", _WithoutDagster(sys.stderr))):
        yield
