"""Pages from Stripe into the landing tables, a chunk at a time: counted, logged, committed.

Enters: reads (what to ask Stripe for) of one account. Leaves: merged rows and counts. Memory is
bounded by the pages that wait and by one chunk's files on disk. What is read, and what is noted
once it is in, is decided elsewhere.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from time import monotonic

from ingestion.engines import Place
from ingestion.engines.guard import CHUNK_BYTES, FEW_BYTES
from ingestion.merge.memory import few_cycles, keep_little
from ingestion.merge.raw_log import RawLog
from ingestion.merge.warehouse import Landing, next_loaded_at
from ingestion.stripe_api.client import Client
from ingestion.stripe_api.connection import Connection
from ingestion.stripe_api.event_types import Pointer
from ingestion.stripe_api.page_queue import Read, pages
from ingestion.stripe_api.reader import Emit, Page, read_by_id, utc_now
from ingestion.stripe_api.streams import BY_NAME

CHUNK = 25_000  # objects that are merged and committed together
IDLE = 0.005  # seconds that a page was waited for, where none was there
BATCH = 5_000  # pointers that are held in memory at once
Progress = Callable[[str, int], None]


@dataclass(frozen=True)
class Paths:
    """Where a load keeps its files."""

    warehouse: Place
    inbox: Path
    raw: Path
    dlt: Path


class Watch:
    """Sees every page on its way in, and hears when all that it has seen is in."""

    def passed(self, page: Page) -> Page:
        """What of the page goes on."""
        return page

    def committed(self) -> None:
        """All pages that have passed are in the warehouse."""


class Intake:
    """One load's way into the landing tables of one Stripe account."""

    def __init__(
        self,
        connection: Connection,
        stripe_account_id: str,
        paths: Paths,
        *,
        progress: Progress,
        chunk: int = CHUNK,
    ) -> None:
        self.connection = connection
        self.stripe_account_id = stripe_account_id
        self._raw = paths.raw
        self.progress = progress
        self._chunk = chunk
        self.loaded_at = next_loaded_at(paths.warehouse, utc_now())
        self.landing = Landing(
            paths.warehouse,
            paths.dlt,
            stripe_account_id=stripe_account_id,
            loaded_at=self.loaded_at,
        )
        self.objects: Counter[str] = Counter()
        self.rows: Counter[str] = Counter()
        self.waited = 0.0  # seconds, for Stripe's pages
        self._waited = 0.0  # for the last one
        self.asked: set[Pointer] = set()  # by id, because a row names it

    def merge(self, read: Read, watch: Watch | None = None) -> None:
        """Merge all that `read` brings; what was committed stays if a later page fails."""
        watch = watch or Watch()
        keep_little()
        with few_cycles(), closing(pages(self.connection, read)) as found:
            for chunk in _chunks(self._timed(found), self._is_full):
                self.merge_pages(chunk, watch)

    def merge_pages(self, found: Iterable[Page], watch: Watch | None = None) -> None:
        """The same for pages that are here already: one commit."""
        watch = watch or Watch()
        with RawLog(self._raw, f"{utc_now():%Y%m%dT%H%M%S%f}-{self.stripe_account_id}") as raw:
            self.rows.update(self.landing.merge(self._counted(found, raw, watch)))
        watch.committed()

    def read_by_id(self, pointers: list[Pointer], watch: Watch | None = None) -> None:
        """What Stripe says now of these objects."""
        if pointers:
            self.merge(refetch(pointers), watch)

    def _is_full(self, objects: int) -> bool:
        """Whether what was taken of a chunk is to be committed: many objects, or long ones; and
        what a small account has brought, while Stripe's rate lets nothing else be done."""
        if objects >= self._chunk or self.landing.waiting >= CHUNK_BYTES:
            return True
        is_idle = self.connection.requests_per_second is not None and self._waited >= IDLE
        few = self.landing.waiting <= FEW_BYTES or self.objects.total() > self._chunk
        return is_idle and not few

    def _timed(self, found: Iterator[Page]) -> Iterator[Page]:
        while True:
            began = monotonic()
            page = next(found, None)
            self._waited = monotonic() - began
            self.waited += self._waited
            if page is None:
                return
            yield page

    def _counted(self, found: Iterable[Page], raw: RawLog, watch: Watch) -> Iterator[Page]:
        for read in found:
            raw.append(read)
            page = watch.passed(self._listed(read))
            self.objects[page.stream] += len(page.objects) + len(page.gone)
            self.progress(page.stream, self.objects[page.stream])
            # A clock that was set back must not make this read older than what is landed.
            yield replace(page, read_at=max(page.read_at, self.loaded_at))

    def _listed(self, page: Page) -> Page:
        """Without what no list would bring (a draft), unless it was landed before."""
        only = BY_NAME[page.stream].only
        others = [o["id"] for o in page.objects if only and o.get(only[0]) not in only[1]]
        if not others:
            return page
        unknown = set(others) - self.landing.known(page.stream, others)
        return replace(page, objects=[o for o in page.objects if o["id"] not in unknown])


def _chunks(found: Iterator[Page], is_full: Callable[[int], bool]) -> Iterator[Iterator[Page]]:
    """Each must be taken to its end before the next one."""
    for first in found:
        yield _chunk(first, found, is_full)


def _chunk(first: Page, others: Iterator[Page], is_full: Callable[[int], bool]) -> Iterator[Page]:
    objects = 0
    for page in chain([first], others):
        yield page
        objects += len(page.objects)
        if is_full(objects):
            return


def refetch(pointers: list[Pointer], refused: dict[Pointer, str] | None = None) -> Read:
    """What Stripe says now of these objects; `refused` as for `read_by_id`."""

    async def read(client: Client, emit: Emit) -> None:
        for name in sorted({stream for stream, _ in pointers}):
            ids = [object_id for stream, object_id in pointers if stream == name]
            await read_by_id(client, BY_NAME[name], ids, emit, refused)

    return read
