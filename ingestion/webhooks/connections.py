"""Connections whose request has not arrived: how long, how many, and which one goes first.

Enters: connections. Leaves: the same, less those that were too slow or too many. A request that is
whole is answered whatever else is open; who opens connections and sends nothing shuts out nobody
but himself: his own oldest goes.
"""

import asyncio
from collections import Counter
from typing import Any

from uvicorn.protocols.http.auto import AutoHTTPProtocol

ARRIVAL_SECONDS = 12.0  # for headers and body; a body alone has ten, and is told so (408)
MOST_A_PEER = 250
MOST_WAITING = 1000  # of all peers; half of the connections that may be open at once


class Waiting:
    """The connections that are waited for, oldest first."""

    def __init__(self) -> None:
        self._timers: dict[Any, asyncio.TimerHandle] = {}
        self._peers: Counter[str] = Counter()

    def begin(self, connection: Any) -> None:
        """From now on its request has to come."""
        if connection in self._timers or connection.transport.is_closing():
            return
        loop = asyncio.get_running_loop()
        self._timers[connection] = loop.call_later(ARRIVAL_SECONDS, connection.transport.abort)
        peer = _peer(connection)
        self._peers[peer] += 1
        if self._peers[peer] > MOST_A_PEER:
            self._drop(next(one for one in self._timers if _peer(one) == peer))
        elif len(self._timers) > MOST_WAITING:
            self._drop(next(iter(self._timers)))

    def end(self, connection: Any) -> None:
        """It has come, or the connection is gone."""
        timer = self._timers.pop(connection, None)
        if timer:
            timer.cancel()
            self._peers[_peer(connection)] -= 1

    def _drop(self, connection: Any) -> None:
        self.end(connection)
        connection.transport.abort()


def _peer(connection: Any) -> str:
    return connection.client[0] if connection.client else ""


def bounded() -> type[asyncio.Protocol]:
    """uvicorn's protocol, whose connections are waited for no longer than that."""
    waiting = Waiting()

    class Bounded(AutoHTTPProtocol):  # type: ignore[misc, valid-type]
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            super().connection_made(transport)
            waiting.begin(self)

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            self._watch()

        def on_response_complete(self) -> None:
            super().on_response_complete()
            self._watch()

        def connection_lost(self, exc: Exception | None) -> None:
            waiting.end(self)
            super().connection_lost(exc)

        def _watch(self) -> None:
            cycle = self.cycle
            whole = cycle and not cycle.response_complete and not cycle.more_body
            (waiting.end if whole else waiting.begin)(self)

    return Bounded
