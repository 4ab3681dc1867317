"""`segments.yml`: the saved segments, as data that can be reviewed.

Enters: the file's path. Leaves: segments; the file written whole. No file has no segments. The
pages and the command may change it at the same time: each does so under one lock, and loses nothing
of the other's.
"""

import fcntl
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import yaml

from report.segments.definition import Segment, WrongSegment, segments

MOST_BYTES = 4 << 20


def read(path: Path) -> list[Segment]:
    """Raises WrongSegment, whose text names the file, and the line where the YAML is wrong."""
    if not path.exists():
        return []
    if path.stat().st_size > MOST_BYTES:
        raise WrongSegment(f"{path}: more than {MOST_BYTES >> 20} MiB")
    try:
        return parsed(path.read_text())
    except WrongSegment as error:
        raise WrongSegment(f"{path}: {error}") from None
    except UnicodeDecodeError:
        raise WrongSegment(f"{path}: is no text in UTF-8") from None


def saved(path: Path | None) -> tuple[list[Segment], str | None]:
    """Those of the file, and why it cannot be read, if so."""
    try:
        return (read(path) if path else []), None
    except (WrongSegment, OSError) as error:
        return [], str(error)


def parsed(text: str) -> list[Segment]:
    """Raises WrongSegment."""
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f"line {mark.line + 1}: " if mark else ""
        problem = getattr(error, "problem", None) or "cannot be read"
        raise WrongSegment(f"{line}{problem}") from None
    except RecursionError:
        raise WrongSegment("the lists are too deep") from None
    return segments(data) if data is not None else []


def written(kept: Sequence[Segment], *, in_ascii: bool = False) -> str:
    """As `parsed` reads them; `in_ascii`: other characters by their numbers, for a terminal."""
    data = {"segments": [one.as_data() for one in kept]}
    return str(yaml.safe_dump(data, sort_keys=False, allow_unicode=not in_ascii, width=100))


def change(path: Path, changed: Callable[[list[Segment]], Sequence[Segment]]) -> None:
    """Write what `changed` makes of those that are saved at this moment; what it raises leaves the
    file as it was."""
    path = path.resolve()  # a link stays one
    with path.with_name(f".{path.name}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the kernel frees it when its holder dies
        write(path, changed(read(path)))


def write(path: Path, kept: Sequence[Segment]) -> None:
    """The whole file at once: who reads meanwhile sees the old one or the new one."""
    text = written(kept)
    parsed(text)  # what cannot be read again is not written
    fresh = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    fresh.write_text(text)
    fresh.replace(path)
