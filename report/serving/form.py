"""The one address that takes a form: segments saved, changed, deleted.

Enters: a form that the page has given out, with its token. Leaves: a way to the segment, or what is
wrong with it, told; then nothing is saved.
"""

import hmac
from collections.abc import Callable, Coroutine, Mapping
from typing import Any
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from report.filters.tree import WrongFilter
from report.page import Site
from report.published import NothingPublished, Published
from report.segments.definition import WrongSegment
from report.segments.saving import act
from report.serving.answers import told

MOST_BYTES = 64 << 10


class Refused(Exception):
    """The form is not of this report, or too long; the text says which."""


def saving(published: Published, site: Site) -> Callable[[Request], Coroutine[Any, Any, Response]]:
    """The endpoint."""

    async def answer(request: Request) -> Response:
        try:
            given = await _form(request, site.form_token)
            to = await run_in_threadpool(lambda: act(given, site.segments_file, published.copy()))
        except Refused as error:
            return told("not_saved", 403, error=str(error))
        except (WrongFilter, WrongSegment) as error:
            return told("not_saved", 400, error=str(error))
        except OSError as error:
            problem = f"{site.segments_file} cannot be written: {error.strerror or error}"
            return told("not_saved", 503, error=problem)
        except NothingPublished:
            return told("nothing_published", 503)
        return RedirectResponse(to, 303)

    return answer


async def _form(request: Request, token: str) -> Mapping[str, str]:
    """Its fields. Raises Refused where its token is not the one that the page gave out."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise Refused(f"A segment takes at most {MOST_BYTES >> 10} KiB")
    given = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    if not hmac.compare_digest(given.get("token", "").encode(), token.encode()):
        raise Refused("This form was opened before the report started: open the page again")
    return given
