"""The report as a web application: pages, their CSV and JSON, static files.

Enters: the path of the published copy, and who may ask. Leaves: an ASGI application. It takes no
lock and writes nothing.
"""

import logging
from collections.abc import Callable, Coroutine
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import duckdb
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import (
    HTMLResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from report import display, formats
from report.page import Page, Site, View
from report.pages import PAGES
from report.published import NothingPublished, Published, TooSlow
from report.security import WRITTEN, Guarded, Rules
from report.segments.definition import WrongSegment
from report.segments.saving import Refused, form, save
from report.tables import Table
from report.values import WrongFilter

log = logging.getLogger("uvicorn.error")
HERE = Path(__file__).parent
FORMATS: dict[str, tuple[Callable[..., Any], str]] = {
    "csv": (formats.as_csv, "text/csv; charset=utf-8"),
    "json": (formats.as_json, "application/json"),
}


def application(
    marts: Path,
    rules: Rules = Rules(),  # noqa: B008 - frozen
    site: Site = Site(),  # noqa: B008 - frozen
) -> ASGIApp:
    """The report on the published copy at `marts`."""
    published = Published(marts)
    routes = [Route(page.path, _endpoint(page, published, site)) for page in PAGES]
    static = Mount("/static", StaticFiles(directory=HERE / "static"))
    build = Route("/build", _build(published))
    form = Route(WRITTEN, _saving(published, site), methods=["POST"])
    missing = {404: _missing}
    return Guarded(
        Starlette(routes=[*routes, form, build, static], exception_handlers=missing), rules
    )


def _endpoint(page: Page, published: Published, site: Site) -> Callable[[Request], Response]:
    """A plain function: Starlette runs it in a thread, so that a slow question stops nobody."""

    def answer(request: Request) -> Response:
        try:
            view = View(published.copy(), page.path, request.query_params, site)
            if address := page.leads_to(view):
                return RedirectResponse(address, 303)
            return _answer(page, view)
        except WrongFilter as error:
            return _told("wrong_filter", 400, error=str(error))
        except NothingPublished:
            return _told("nothing_published", 503)
        except TooSlow:
            return _told("too_slow", 503)
        except (duckdb.CatalogException, duckdb.BinderException) as error:  # an older version's
            log.warning("%s: %s", page.path, str(error).partition("\n")[0])
            return _told("older_copy", 503)

    return answer


def _saving(published: Published, site: Site) -> Callable[[Request], Coroutine[Any, Any, Response]]:
    """A segment from the page's form; what is wrong with it is told, and nothing is saved."""

    async def answer(request: Request) -> Response:
        try:
            given = await form(request, site.form_token)
            made = await run_in_threadpool(
                lambda: save(given, site.segments_file, published.copy())
            )
        except Refused as error:
            return _told("not_saved", 403, error=str(error))
        except (WrongFilter, WrongSegment) as error:
            return _told("not_saved", 400, error=str(error))
        except OSError as error:
            told = f"{site.segments_file} cannot be written: {error.strerror or error}"
            return _told("not_saved", 503, error=told)
        except NothingPublished:
            return _told("nothing_published", 503)
        return RedirectResponse(f"/segment?{urlencode({'name': made.name})}", 303)

    return answer


def _build(published: Published) -> Callable[[Request], Response]:
    """The id of the build that is published: an open page asks whether it is still the one."""

    def answer(request: Request) -> Response:
        try:
            view = View(published.copy(), "/build", request.query_params)
        except NothingPublished:
            return _told("nothing_published", 503)
        return PlainTextResponse(str(view.build.get("id")))

    return answer


def _answer(page: Page, view: View) -> Response:
    tables = page.tables(view)
    if form := view["format"]:
        return _twin(view, tables, form)
    shown = {name: view.shown(name, table) for name, table in tables.items()}
    more = page.context(view, shown)
    return HTMLResponse(
        _environment()
        .get_template(page.template)
        .render(view=view, page=page, pages=PAGES, tables=shown, **more)
    )


def _twin(view: View, tables: Any, form: str) -> Response:
    name = view["table"] or next(iter(tables), "")
    if form not in FORMATS or name not in tables:
        known = f"format: {', '.join(FORMATS)}; table: {', '.join(tables)}"
        return PlainTextResponse(f"There is no such table or format. Known are {known}.", 404)
    written, kind = FORMATS[form]
    table: Table = tables[name]
    headers = {"Content-Disposition": f'attachment; filename="{name}.{form}"'}
    chunks = written(view.copy, table)
    first = next(chunks)  # what cannot be answered shows here, before the answer has begun
    return StreamingResponse(
        chain((first,), chunks), media_type=kind, headers=headers if form == "csv" else None
    )


def _told(template: str, status: int, **known: str) -> Response:
    return HTMLResponse(
        _environment().get_template(f"told/{template}.html").render(pages=PAGES, **known), status
    )


def _missing(_request: Request, _error: Exception) -> Response:
    return _told("missing", 404)


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["display"] = display
    return made
