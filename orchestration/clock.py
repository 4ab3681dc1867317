"""The clock on the wall."""

from datetime import UTC, datetime


def now() -> datetime:
    """The clock on the wall, for what waits and what grows old: never for what is computed."""
    return datetime.now(UTC)
