"""One load: Stripe's changes (or everything) into the landing tables.

Enters: how Stripe and the files are reached. Leaves: `stripe.*` in the warehouse, the raw log, and
an inbox without what was loaded. The caller holds the warehouse's lock. Order matters: positions
move and pointers are settled only after the load has committed, so a crash repeats, never loses.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ingestion import events
from ingestion.client import Client, Connection, PermissionMissing, StripeError
from ingestion.inbox import ACCOUNT, COMPLETE, CURSOR, Inbox
from ingestion.pages import Read, pages
from ingestion.permissions import check_permissions
from ingestion.raw import RawLog
from ingestion.reader import Emit, ListReader, Page, read_by_id, utc_now
from ingestion.streams import BY_NAME, LISTED
from ingestion.warehouse import Landing

OVERLAP = 600  # seconds: the feed is eventually consistent, an event can appear minutes late
Progress = Callable[[str, int], None]


@dataclass(frozen=True)
class Paths:
    """Where a load keeps its files."""

    warehouse: Path
    inbox: Path
    raw: Path
    dlt: Path


@dataclass(frozen=True)
class LoadResult:
    """What one load did: objects read by stream, rows by landing table."""

    full: bool
    events: int = 0
    objects: Counter[str] = field(default_factory=Counter)
    rows: Counter[str] = field(default_factory=Counter)


def load(
    connection: Connection, paths: Paths, *, full: bool = False, progress: Progress | None = None
) -> LoadResult:
    """Bring the landing tables up to Stripe's state; the first load, and `full`, read everything.

    The events' cursor is taken before a full read and replayed after it.
    Raises StripeError, MissingValue.
    """
    with Inbox.open(paths.inbox) as inbox:
        job = _Load(connection, paths, inbox, progress or (lambda stream, objects: None))
        everything = full or not inbox.position(COMPLETE) or not job.landing.exists()
        if everything:
            job.check_account(asyncio.run(_check(connection)))
        cursor = int(inbox.position(CURSOR) or asyncio.run(_newest_event(connection)))
        if everything:
            job.read_everything(cursor)
        new = job.read_changes(cursor)
        return LoadResult(everything, new, job.objects, job.rows)


class _Load:
    """The steps of one load and the counts that they leave."""

    def __init__(
        self, connection: Connection, paths: Paths, inbox: Inbox, progress: Progress
    ) -> None:
        self._connection = connection
        self._raw = paths.raw
        self._inbox = inbox
        self._progress = progress
        self.landing = Landing(paths.warehouse, paths.dlt)
        self.objects: Counter[str] = Counter()
        self.rows: Counter[str] = Counter()

    def check_account(self, account: str | None) -> None:
        """What is here must be of the account that the key opens: a full read of another one
        would find all of it deleted. None where the key may not tell."""
        known = self._inbox.position(ACCOUNT)
        if account and known and account != known:
            raise StripeError(
                f"the key in STRIPE_API_KEY is of the Stripe account {account}, and DATA_DIR holds"
                f" {known}: set the key of that account, or another DATA_DIR; nothing was changed"
            )
        if account and not known:
            self._inbox.settle([], read_from=utc_now(), **{ACCOUNT: account})

    def read_everything(self, cursor: int) -> None:
        """Every listed object; then, by id, what the lists no longer show (deleted, or hidden).

        Until it is complete the position says so: dlt merges table by table, and what an
        interrupted read leaves is repaired by the next one before anything is built on it.
        """
        began = utc_now()
        self._inbox.settle([], read_from=began, **{CURSOR: str(cursor), COMPLETE: ""})
        covered = [(name, i) for name, i in self._inbox.pending() if BY_NAME[name].listed]
        self._merge(_list_all)
        self._read_by_id(self.landing.unseen(since=began) + self.landing.dangling())
        self._inbox.settle(covered, read_from=began, **{COMPLETE: began.isoformat()})

    def read_changes(self, cursor: int) -> int:
        """What the events since `cursor` point at; how many events were new."""
        began = utc_now()
        newest, found = asyncio.run(_poll(self._connection, cursor - OVERLAP))
        new = self._inbox.append(found, received_at=began)
        pending = self._inbox.pending()
        self._read_by_id(pending)
        cursor = max(cursor, newest)
        self._inbox.settle(pending, read_from=began, **{CURSOR: str(cursor)})
        return new

    def _read_by_id(self, pointers: list[events.Pointer]) -> None:
        if pointers:
            self._merge(_refetch(pointers))

    def _merge(self, read: Read) -> None:
        with RawLog(self._raw, f"{utc_now():%Y%m%dT%H%M%S%f}") as raw:
            self.rows.update(self.landing.merge(self._counted(pages(self._connection, read), raw)))

    def _counted(self, found: Iterator[Page], raw: RawLog) -> Iterator[Page]:
        for read in found:
            raw.append(read)
            page = self._listed(read)
            self.objects[page.stream] += len(page.objects) + len(page.gone)
            self._progress(page.stream, self.objects[page.stream])
            yield page

    def _listed(self, page: Page) -> Page:
        """Without what no list would bring (an open invoice), unless it was landed before."""
        only = BY_NAME[page.stream].only
        others = [o["id"] for o in page.objects if only and o.get(only[0]) != only[1]]
        if not others:
            return page
        unknown = set(others) - self.landing.known(page.stream, others)
        return replace(page, objects=[o for o in page.objects if o["id"] not in unknown])


async def _check(connection: Connection) -> str | None:
    """The key's account, once it is known that the key may read all that is needed."""
    async with Client(connection) as client:
        await check_permissions(client)
        try:
            account: str = (await client.get("/v1/account"))["id"]
        except PermissionMissing:
            return None
        return account


async def _newest_event(connection: Connection) -> int:
    async with Client(connection) as client:
        return await events.newest(client)


async def _poll(connection: Connection, since: int) -> tuple[int, list[Any]]:
    """Where the feed stood before the poll, which is all that a long poll has surely seen."""
    async with Client(connection) as client:
        return await events.newest(client), await events.poll(client, since=since)


async def _list_all(client: Client, emit: Emit) -> None:
    async with asyncio.TaskGroup() as group:
        for stream in LISTED:
            group.create_task(ListReader(client, stream, emit).read())


def _refetch(pointers: list[events.Pointer]) -> Read:
    async def read(client: Client, emit: Emit) -> None:
        for name in sorted({stream for stream, _ in pointers}):
            ids = [object_id for stream, object_id in pointers if stream == name]
            await read_by_id(client, BY_NAME[name], ids, emit)

    return read
