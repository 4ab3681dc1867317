"""The JSON for programs: addresses in, answers or errors as JSON out.

Enters: the published copy, requests. Leaves: routes. Amounts are exact decimal text, moments are
UTC. An error is one line under `error`.
"""

import json
import logging
from collections.abc import Callable
from typing import Any

import duckdb
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from report.api.paged import WrongParameter
from report.api.resources import RESOURCES, NotThere, Resource, answer
from report.filters.tree import WrongFilter
from report.formats import plain
from report.limited import TooSlow
from report.page import Site, View
from report.published import NothingPublished, Published

log = logging.getLogger("uvicorn.error")
ROOT = "/api"


def routes(published: Published, site: Site) -> list[Route]:
    """`/api` lists the others."""
    return [
        Route(ROOT, _index),
        *(Route(one.path, _endpoint(one, published, site)) for one in RESOURCES),
        Route(f"{ROOT}/{{path:path}}", _missing),
    ]


def error(status: int, text: str) -> Response:
    """One line."""
    return as_json({"error": " ".join(text.split())}, status)


def as_json(data: Any, status: int = 200) -> Response:
    """What JSON has no word for stands as text."""
    return Response(json.dumps(data, default=plain), status, media_type="application/json")


def _missing(_request: Request) -> Response:
    return error(404, f"there is no such address: see {ROOT}")


def _index(_request: Request) -> Response:
    return as_json({"resources": [one.described for one in RESOURCES]})


def _endpoint(
    resource: Resource, published: Published, site: Site
) -> Callable[[Request], Response]:
    """A plain function: Starlette runs it in a thread."""

    def asked(request: Request) -> Response:
        # Of two values the last one counts: that of the path.
        given = [*request.query_params.multi_items(), *request.path_params.items()]
        try:
            unknown(resource, given, {*request.path_params})
            view = View(published.copy(), resource.path, QueryParams(given), site)
            return as_json(answer(resource, view))
        except Exception as failure:
            status, text = told(failure)
            if status is None:
                raise
            return error(status, text)

    return asked


def unknown(resource: Resource, given: list[tuple[str, str]], named: set[str]) -> None:
    """A parameter that means nothing is a typing error. Raises WrongParameter."""
    known = {*resource.parameters, *named}
    for name, _ in given:
        if name not in known:
            takes = ", ".join(resource.parameters) or "none"
            raise WrongParameter(f"'{name[:40]}' is no parameter here; it takes {takes}")


def told(failure: Exception) -> tuple[int | None, str]:
    """The status and the line of a failure that was foreseen; None: of a bug."""
    if isinstance(failure, WrongFilter | WrongParameter):
        return 400, str(failure)
    if isinstance(failure, NotThere):
        return 404, str(failure)
    if isinstance(failure, NothingPublished | TooSlow):
        return 503, str(failure)
    if isinstance(failure, duckdb.CatalogException | duckdb.BinderException):
        log.warning("api: %s", type(failure).__name__)
        return 503, "an older version has published the marts: run stripe-traits sync"
    return None, ""
