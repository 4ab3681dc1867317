"""One answer over HTTP, within a limit of size and of time in all.

Enters: a request, the limits. Leaves: the answer, read to its end; or NoAnswer, whatever the server
does: an endless body, a byte now and then, a small body that unpacks to a huge one. Not here: which
status means what, and whether to ask again.

httpx limits each wait for bytes, not their sum, and unpacks whatever comes. Its headers have a
limit of size (100 KB); time in all counts for them too.
"""

import asyncio
from dataclasses import dataclass

import httpx

from outgoing_http.limits import MIB, AnswerLimits
from outgoing_http.unpacking import Body, TooLong, Unreadable


@dataclass(frozen=True)
class Answer:
    """An answer as it came, its body unpacked."""

    status_code: int
    headers: httpx.Headers
    content: bytes

    @property
    def is_success(self) -> bool:
        return 200 <= self.status_code < 300

    @property
    def text(self) -> str:
        """As UTF-8, whatever the answer calls it: some names of encodings unpack, too."""
        return self.content.decode(errors="replace")


class NoAnswer(Exception):
    """Nothing that can be used came back. The text names the kind of failure and nothing else: an
    error of httpx can repeat a header or the URL, and so a secret. `kind` is one word."""

    def __init__(self, text: str, *, kind: str) -> None:
        super().__init__(text)
        self.kind = kind


class AnswerTooLong(NoAnswer):
    """The body is beyond its limit."""

    def __init__(self, limits: AnswerLimits) -> None:
        super().__init__(f"an answer of more than {_size(limits.size)}", kind="TooLong")


class AnswerTooSlow(NoAnswer):
    """The answer did not end in time."""

    def __init__(self, limits: AnswerLimits) -> None:
        super().__init__(f"no whole answer within {limits.seconds:g} s", kind="TooSlow")


async def fetch(client: httpx.AsyncClient, request: httpx.Request, limits: AnswerLimits) -> Answer:
    """The whole answer. Raises NoAnswer."""
    try:
        async with asyncio.timeout(limits.seconds):
            return await _whole(client, request, limits)
    except TimeoutError:
        raise AnswerTooSlow(limits) from None
    except TooLong:
        raise AnswerTooLong(limits) from None
    except Unreadable as error:
        raise NoAnswer(str(error), kind="Unreadable") from None
    except httpx.RequestError as error:
        kind = type(error).__name__
        raise NoAnswer(kind, kind=kind) from None


async def _whole(client: httpx.AsyncClient, request: httpx.Request, limits: AnswerLimits) -> Answer:
    clock = asyncio.get_running_loop().time
    until = clock() + limits.seconds
    response = await client.send(request, stream=True)
    try:
        body = Body(response.headers.get("Content-Encoding", ""), limit=limits.size)
        async for piece in response.aiter_raw():
            body.add(piece)
            # Thousands of pieces can come without a wait, and a wait is where time runs out.
            if clock() > until:
                raise TimeoutError
        return Answer(response.status_code, response.headers, body.whole())
    finally:
        await response.aclose()


def _size(count: int) -> str:
    return f"{count // MIB} MiB" if count >= MIB else f"{count:,} bytes"
