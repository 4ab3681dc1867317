"""The report as a web application: pages, their CSV and JSON, one form, static files.

Enters: the path of the published copy, and who may ask. Leaves: an ASGI application. It takes no
lock of the pipeline's, and writes segments alone.
"""

import logging
from collections.abc import Callable
from pathlib import Path

import duckdb
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from report.filters.tree import WrongFilter
from report.limited import TooSlow
from report.page import Page, Site, View
from report.pages import PAGES
from report.published import NothingPublished, Published
from report.serving import api
from report.serving.answers import answered, told
from report.serving.form import saving
from report.serving.security import HEALTH, WRITTEN, Guarded, Rules

log = logging.getLogger("uvicorn.error")
STATIC = Path(__file__).parents[1] / "static"


def application(
    marts: Path,
    rules: Rules = Rules(),  # noqa: B008 - frozen
    site: Site = Site(),  # noqa: B008 - frozen
) -> ASGIApp:
    """The report on the published copy at `marts`."""
    published = Published(marts)
    routes = [
        *(Route(page.path, _endpoint(page, published, site)) for page in PAGES),
        Route(WRITTEN, saving(published, site), methods=["POST"]),
        *api.routes(published, site),
        Route("/build", _build(published)),
        Route(HEALTH, _healthy),
        Mount("/static", StaticFiles(directory=STATIC)),
    ]
    return Guarded(Starlette(routes=routes, exception_handlers={404: _missing}), rules)


def _endpoint(page: Page, published: Published, site: Site) -> Callable[[Request], Response]:
    """A plain function: Starlette runs it in a thread, so that a slow question stops nobody."""

    def answer(request: Request) -> Response:
        try:
            view = View(published.copy(), page.path, request.query_params, site)
            if address := page.leads_to(view):
                return RedirectResponse(address, 303)
            return answered(page, view)
        except WrongFilter as error:
            return told("wrong_filter", 400, error=str(error))
        except NothingPublished:
            return told("nothing_published", 503)
        except TooSlow:
            return told("too_slow", 503)
        except (duckdb.CatalogException, duckdb.BinderException) as error:  # an older version's
            log.warning("%s: %s", page.path, str(error).partition("\n")[0])
            return told("older_copy", 503)

    return answer


def _build(published: Published) -> Callable[[Request], Response]:
    """The id of the build that is published: an open page asks whether it is still the one."""

    def answer(request: Request) -> Response:
        try:
            view = View(published.copy(), "/build", request.query_params)
        except NothingPublished:
            return told("nothing_published", 503)
        return PlainTextResponse(str(view.build.get("id")))

    return answer


def _healthy(_request: Request) -> Response:
    """It answers: more is not asked, since nothing may be published yet."""
    return JSONResponse({"ok": True})


def _missing(_request: Request, _error: Exception) -> Response:
    return told("missing", 404)
