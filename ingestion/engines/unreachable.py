"""A lake that cannot be used: said in one line, without what its client says of it.

Enters: work on a lake. Leaves: `LakeUnreachable` for what its catalog or its store raised; whatever
else was raised, as it was. What clients say may hold an address with a password.
"""

from collections.abc import Iterator
from contextlib import contextmanager

# By name: whoever raises one of them has loaded its module.
CATALOG = "pyiceberg.exceptions"  # repeats what the catalog answered
CLIENTS = (CATALOG, "requests.exceptions")
OF_THE_STORE = "AWS Error"  # as Arrow says it, and DuckDB repeats it


class LakeUnreachable(Exception):
    """Nothing is lost: the next run goes on from what was committed."""


@contextmanager
def told_in_one_line(lake: str) -> Iterator[None]:
    """`lake`: which one, for people. Raises LakeUnreachable."""
    try:
        yield
    except Exception as error:
        kind = type(error)
        if kind.__module__ in CLIENTS or OF_THE_STORE in str(error):
            said = f": {_first_line(error)}" if kind.__module__ == CATALOG else ""
            raise LakeUnreachable(
                f"{lake} cannot be used ({kind.__name__}{said}): look at WAREHOUSE_URL, at"
                " ICEBERG_CREDENTIAL, at the bucket's key and at the catalog's own log; nothing is"
                " lost, run again"
            ) from None
        raise


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:200]
