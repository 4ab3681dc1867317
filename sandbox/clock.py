"""The time of the sandbox: it stands still until it is told otherwise.

Enters: a store. Leaves: unix seconds. No machine's clock is read: a file that was never told the
time stands at its newest event.
"""

from sandbox.builders import CREATED
from sandbox.storage.store import Store

_NOTE = "now"


def now(store: Store) -> int:
    """The moment at which the sandbox stands."""
    noted = store.noted(_NOTE)
    if noted is not None:
        return int(noted)
    (newest,) = store.one("SELECT max(created) FROM events")
    return max(CREATED, newest or 0)


def put(store: Store, moment: int) -> None:
    """Stand at another moment; what falls due on the way is `billing.transitions`' concern."""
    store.note(_NOTE, str(moment))
