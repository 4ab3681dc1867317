"""What a full read asks of Stripe next, asked while its last pages are merged.

Enters: a connection, where the feed stood. Leaves: the feed's first pages, and the newest ids of
what lists leave out. It is asked once, after all lists have ended; what fails here is asked again
by who needs it, and told then.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from threading import Thread

from ingestion.stripe_api.client import Client
from ingestion.stripe_api.connection import Connection
from ingestion.stripe_api.events import Opening, opening
from ingestion.stripe_api.reader import Emit, Page, unlisted
from ingestion.stripe_api.refusals import StripeError
from ingestion.stripe_api.streams import STREAMS, Stream


@dataclass(frozen=True)
class Asked:
    """`unlisted`: the newest ids of each stream that has some."""

    opening: Opening
    unlisted: dict[str, set[str]]


class Meanwhile(Thread):
    """Asks from `start` on; `asked` waits for the answers."""

    def __init__(self, connection: Connection, *, since: int) -> None:
        super().__init__(daemon=True, name="meanwhile")
        self._connection = connection
        self._since = since
        self._asked: Asked | None = None

    def run(self) -> None:
        with suppress(StripeError, ExceptionGroup):
            self._asked = asyncio.run(self._ask())

    async def _ask(self) -> Asked:
        found: dict[str, set[str]] = {stream.name: set() for stream in STREAMS if stream.others}

        async def take(page: Page) -> None:
            found[page.stream] |= {one["id"] for one in page.objects}

        async with Client(self._connection) as client, asyncio.TaskGroup() as group:
            answers = group.create_task(opening(client, since=self._since))
            for stream in STREAMS:
                if stream.others:
                    group.create_task(_newest(client, stream, take))
        return Asked(answers.result(), found)

    def asked(self) -> Asked | None:
        """None where it has failed, or was never begun."""
        if self.ident:
            self.join()
        return self._asked


async def _newest(client: Client, stream: Stream, take: Emit) -> None:
    await unlisted(stream, whole=False)(client, take)
