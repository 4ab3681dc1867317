"""A lake that cannot be used: said in one line, without what its client says of it.

Enters: work on a lake. Leaves: `LakeUnreachable` for what its catalog or its store raised; whatever
else was raised, as it was. What clients say may hold an address with a password.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

# By name: whoever raises one of them has loaded its module.
CATALOG = "pyiceberg.exceptions"  # repeats what the catalog answered
CLIENTS = (CATALOG, "requests.exceptions")
OF_THE_STORE = re.compile("AWS Error ([A-Z_]+)")  # as Arrow says it, and DuckDB repeats it


class LakeUnreachable(Exception):
    """Nothing is lost: the next run goes on from what was committed."""


class AccountTaken(LakeUnreachable):
    """Another loader loads the Stripe account: this one must not any more."""


@contextmanager
def told_in_one_line(lake: str) -> Iterator[None]:
    """`lake`: which one, for people. Raises LakeUnreachable."""
    try:
        yield
    except Exception as error:
        kind, of_the_store = type(error), OF_THE_STORE.search(str(error))
        if kind.__module__ in CLIENTS or of_the_store:
            said = f": {_first_line(error)}" if kind.__module__ == CATALOG else ""
            found = f"its bucket: {of_the_store[1]}" if of_the_store else f"{kind.__name__}{said}"
            raise LakeUnreachable(
                f"{lake} cannot be used ({found}): look at WAREHOUSE_URL, at"
                " ICEBERG_CREDENTIAL, at the bucket's key and at the catalog's own log; nothing is"
                " lost, run again"
            ) from None
        raise


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:200]
