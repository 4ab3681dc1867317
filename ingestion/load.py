"""One load: Stripe's changes (or everything) into the landing tables.

Enters: how one Stripe account and the files are reached. Leaves: its rows in `stripe.*`, the
raw log, and an inbox without what was loaded. The caller holds the warehouse's lock. Order matters:
positions move and pointers are settled only after the load has committed, so a crash repeats, never
loses.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from ingestion import events
from ingestion.client import Client, Connection, StripeError
from ingestion.identity import account_id
from ingestion.inbox import COMPLETE, CURSOR, Inbox
from ingestion.migrate import add_account_columns
from ingestion.pages import Read, pages
from ingestion.permissions import check_permissions
from ingestion.raw import RawLog
from ingestion.reader import Emit, ListReader, Page, read_by_id, utc_now
from ingestion.streams import BY_NAME, LISTED
from ingestion.warehouse import Landing, exists, next_loaded_at

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
    stripe_account_id: str
    events: int = 0
    objects: Counter[str] = field(default_factory=Counter)
    rows: Counter[str] = field(default_factory=Counter)


def load(
    connection: Connection, paths: Paths, *, full: bool = False, progress: Progress | None = None
) -> LoadResult:
    """Bring an account's rows up to Stripe's state; its first load, and `full`, read everything.

    The events' cursor is taken before a full read and replayed after it.
    Raises StripeError, MissingValue.
    """
    with Inbox.open(paths.inbox) as inbox:
        account = asyncio.run(_identify(connection))
        inbox.adopt(account)
        _check_account(inbox, account)
        add_account_columns(paths.warehouse, account, utc_now())
        if not exists(paths.warehouse):
            inbox.forget_completeness()
        job = _Load(connection, account, paths, inbox, progress or (lambda stream, objects: None))
        everything = full or not inbox.position(account, COMPLETE)
        if everything:
            asyncio.run(_check(connection))
        cursor = int(inbox.position(account, CURSOR) or asyncio.run(_newest_event(connection)))
        if everything:
            job.read_everything(cursor)
        new = job.read_changes(cursor)
        return LoadResult(everything, account, new, job.objects, job.rows)


class _Load:
    """The steps of one load and the counts that they leave."""

    def __init__(
        self,
        connection: Connection,
        stripe_account_id: str,
        paths: Paths,
        inbox: Inbox,
        progress: Progress,
    ) -> None:
        self._connection = connection
        self._account = stripe_account_id
        self._raw = paths.raw
        self._inbox = inbox
        self._progress = progress
        self.landing = Landing(
            paths.warehouse,
            paths.dlt,
            stripe_account_id=stripe_account_id,
            loaded_at=next_loaded_at(paths.warehouse, utc_now()),
        )
        self.objects: Counter[str] = Counter()
        self.rows: Counter[str] = Counter()

    def read_everything(self, cursor: int) -> None:
        """Every listed object; then, by id, what the lists no longer show (deleted, or hidden).

        Until it is complete the position says so: dlt merges table by table, and what an
        interrupted read leaves is repaired by the next one before anything is built on it.
        """
        began = utc_now()
        self._settle([], began, **{CURSOR: str(cursor), COMPLETE: ""})
        covered = [(name, i) for name, i in self._pending() if BY_NAME[name].listed]
        self._merge(_list_all)
        self._read_by_id(self.landing.unseen(since=began) + self.landing.dangling())
        self._settle(covered, began, **{COMPLETE: began.isoformat()})

    def read_changes(self, cursor: int) -> int:
        """What the events since `cursor` point at; how many events were new."""
        began = utc_now()
        newest, found = asyncio.run(_poll(self._connection, cursor - OVERLAP))
        new = self._inbox.append(self._account, found, received_at=began)
        pending = self._pending()
        self._read_by_id(pending)
        cursor = max(cursor, newest)
        self._settle(pending, began, **{CURSOR: str(cursor)})
        return new

    def _pending(self) -> list[events.Pointer]:
        return self._inbox.pending(self._account)

    def _settle(self, done: list[events.Pointer], began: datetime, **positions: str) -> None:
        self._inbox.settle(self._account, done, read_from=began, **positions)

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


def _check_account(inbox: Inbox, account: str) -> None:
    """A full read with another account's key would find all that is here deleted."""
    known = inbox.accounts()
    if known and account not in known:
        raise StripeError(
            f"the key in STRIPE_API_KEY is of the Stripe account {account}, and DATA_DIR holds"
            f" {', '.join(known)}: set the key of that account, or another DATA_DIR; nothing was"
            " changed"
        )


async def _identify(connection: Connection) -> str:
    async with Client(connection) as client:
        return await account_id(client)


async def _check(connection: Connection) -> None:
    async with Client(connection) as client:
        await check_permissions(client)


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
