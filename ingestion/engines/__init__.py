"""What holds the landing tables: the one place of ingestion that knows which engine it is.

Enters: where the tables are. Leaves: an `Engine`, all that a load asks of them.
"""

from pathlib import Path

from ingestion.engines.duck import DuckFile
from ingestion.engines.interface import Engine

__all__ = ["Engine", "Place", "engine"]

Place = Path | Engine


def engine(place: Place) -> Engine:
    """A path is a DuckDB file's."""
    return DuckFile(place) if isinstance(place, Path) else place
