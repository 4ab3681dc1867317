"""What a store behind HTTP was last told, kept on this machine.

Enters: accounts as written, the tracking config. Leaves: the same. Such stores have no versions,
and some cannot be read: the ledger gives them both, and one writer at a time. It is a SQLite
account store of its own, below DATA_DIR, one for each target.
"""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reverse_sync.stores.sqlite_store import SqliteStore

FOLDER = "targets"


class Ledger:
    """The ledger of one target; `accounts` is an account store like any other."""

    def __init__(self, folder: Path, *, identity: str, label: str) -> None:
        folder = folder / FOLDER
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = hashlib.sha256(identity.encode()).hexdigest()[:16]
        self._lock = folder / f"{name}.lock"
        self.accounts = SqliteStore(folder / f"{name}.db", label=f"{label} (its ledger)")

    @contextmanager
    def alone(self) -> Iterator[None]:
        """One process at a time looks up versions, sends and records: no older write can come
        after a newer one. The kernel frees it when its holder dies."""
        file = os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
        finally:
            os.close(file)

    def close(self) -> None:
        self.accounts.close()
