"""What the commands of segments are about: the saved ones, those of a file, the published copy.

Enters: the settings, names, a file. Leaves: segments, a copy; or one line that says what is wrong.
Imports wait until they are needed, so that `--help` is quick.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.terminal.failures import Unknown

if TYPE_CHECKING:
    from orchestration.configuration.settings import Settings
    from report.published import Copy
    from report.segments.definition import Segment


def settings_here() -> "Settings":
    """Those of this folder; Stripe is not asked."""
    from orchestration.configuration.environment import read_settings

    return read_settings(for_stripe=False)


def saved_segments(settings: "Settings") -> list["Segment"]:
    """All of the file."""
    from report.segments.segments_file import read

    return read(settings.segments_file)


def saved_segment(settings: "Settings", name: str) -> "Segment":
    """Raises Unknown, which names those that there are."""
    saved = saved_segments(settings)
    found = next((one for one in saved if one.name == name), None)
    if found is None:
        known = ", ".join(one.name for one in saved) or "none is saved"
        raise Unknown(f"no segment '{name}' in {settings.segments_file}; there are: {known}")
    return found


def given_segments(file: Path) -> list["Segment"]:
    """Those of a file, or of standard input."""
    from report.segments.definition import WrongSegment
    from report.segments.segments_file import parsed, read

    if str(file) == "-":
        return parsed(sys.stdin.read())
    if not file.exists():
        raise WrongSegment(f"{file} does not exist")
    return read(file)


def published_copy(settings: "Settings") -> "Copy":
    """Raises Unknown where nothing was published."""
    from orchestration.publication.marts import need
    from report.published import Published

    need(settings.marts)
    return Published(settings.marts).copy()
