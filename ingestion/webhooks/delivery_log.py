"""Deliveries into `events.db`, many in one transaction that is on disk before any is answered.

Enters: deliveries. Leaves: rows in the inbox, whether each was new. One thread of its own holds the
inbox's connection: a commit waits for the disk, and for the pipeline's own short transactions.
"""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from ingestion.inbox.events_db import Inbox
from ingestion.stripe_api.reader import utc_now
from ingestion.webhooks.delivered_event import Delivery
from ingestion.webhooks.group_commit import GroupCommit

Files = tuple[int | None, int | None]


class Replaced(Exception):
    """The inbox's file is another one than the one that was written."""


class DeliveryLog:
    """`with DeliveryLog(path) as log: new = await log.append(delivery)`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stack = ExitStack()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="inbox")
        self._commits = GroupCommit[Delivery, bool](self._write, self._thread)
        self._inbox: Inbox
        self._files: Files = (None, None)

    def __enter__(self) -> Self:
        self._thread.submit(self._open).result()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.submit(self._stack.close).result()
        self._thread.shutdown()

    async def append(self, delivery: Delivery) -> bool:
        """Return once it is on disk: whether its id was new.

        Raises sqlite3.Error, OSError, Replaced.
        """
        return await self._commits.append(delivery)

    def _open(self) -> None:
        self._inbox = self._stack.enter_context(Inbox.open(self._path))
        self._files = _files(self._path)

    def _write(self, batch: list[Delivery]) -> list[bool]:
        """A file that was removed or replaced goes on taking commits that nobody will read."""
        if None in self._files or _files(self._path) != self._files:
            self._stack.close()
            self._files = (None, None)
            self._open()
        new = self._commit(batch)
        if _files(self._path) != self._files:
            raise Replaced(f"{self._path} was replaced while it was written")
        return new

    def _commit(self, batch: list[Delivery]) -> list[bool]:
        received_at = utc_now()
        refused = [one for one in batch if one.refused]
        if refused:
            self._inbox.refuse(
                ((one.event, str(one.refused)) for one in refused), received_at=received_at
            )
        kept = [(one.stripe_account_id, one.event) for one in batch if not one.refused]
        new = iter(self._inbox.take(kept, received_at=received_at) if kept else ())
        return [not one.refused and next(new) for one in batch]


def _files(path: Path) -> Files:
    """Which file stands there, and which one beside it holds the last commits."""
    return _inode(path), _inode(path.with_name(f"{path.name}-wal"))


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return None
