"""The same for threads: `fetch` from code that waits for its answer.

Enters: requests from any number of threads. Leaves: answers. One event loop in a thread of its own
does the waiting, since only there a limit on time in all can break off a read that is under way.
"""

import asyncio
from collections.abc import Mapping
from threading import Thread
from typing import Any

import httpx

from outgoing_http.answers import Answer, fetch
from outgoing_http.limits import ACCEPTED, AnswerLimits


class BlockingClient:
    """`options` are those of httpx.AsyncClient. Redirects are not followed."""

    def __init__(self, *, headers: Mapping[str, str] | None = None, **options: Any) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, daemon=True, name="outgoing http")
        self._thread.start()
        self._http = httpx.AsyncClient(headers={**ACCEPTED, **(headers or {})}, **options)

    def fetch(self, method: str, url: str, limits: AnswerLimits, **sent: Any) -> Answer:
        """The whole answer; `sent` are httpx's content, headers, params. Raises NoAnswer."""
        request = self._http.build_request(method, url, **sent)
        asked = asyncio.run_coroutine_threadsafe(fetch(self._http, request, limits), self._loop)
        try:
            return asked.result()
        except BaseException:  # Ctrl-C here: nobody waits for it any more
            asked.cancel()
            raise

    def close(self) -> None:
        """Frees the connections; what is under way is broken off."""
        asyncio.run_coroutine_threadsafe(self._http.aclose(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
