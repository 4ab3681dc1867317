"""`segments.yml`: the saved segments, as data that can be reviewed.

Enters: the file's path. Leaves: segments; the file written whole. No file means no segments.
"""

from collections.abc import Sequence
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


def written(kept: Sequence[Segment]) -> str:
    """As `parsed` reads them."""
    data = {"segments": [one.as_data() for one in kept]}
    return str(yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=100))


def write(path: Path, kept: Sequence[Segment]) -> None:
    """The whole file at once: who reads meanwhile sees the old one or the new one."""
    fresh = path.with_name(f".{path.name}.tmp")
    fresh.write_text(written(kept))
    fresh.replace(path)
