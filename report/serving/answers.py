"""What is answered: a page, a table's CSV or JSON, or a page that tells what is wrong.

Enters: a page and its view. Leaves: a response.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, PlainTextResponse, Response, StreamingResponse

from report import display, formats
from report.page import Page, View
from report.pages import PAGES
from report.tables import Shown, Table

AT_ONCE = 2  # questions of one page
TEMPLATES = Path(__file__).parents[1] / "templates"
FORMATS: dict[str, tuple[Callable[..., Any], str]] = {
    "csv": (formats.as_csv, "text/csv; charset=utf-8"),
    "json": (formats.as_json, "application/json"),
}


def answered(page: Page, view: View) -> Response:
    """The page, or the twin of one of its tables that the address asks for."""
    tables = page.tables(view)
    if form := view["format"]:
        return _twin(view, tables, form)
    shown = _all_shown(view, tables)
    more = page.context(view, shown)
    return HTMLResponse(
        _environment()
        .get_template(page.template)
        .render(view=view, page=page, pages=PAGES, tables=shown, **more)
    )


def _all_shown(view: View, tables: Mapping[str, Table]) -> dict[str, Shown]:
    """Of each table the rows of the page. A question is mostly planning, which takes one thread."""
    with ThreadPoolExecutor(AT_ONCE) as at_once:
        return dict(zip(tables, at_once.map(view.shown, tables, tables.values()), strict=True))


def told(template: str, status: int, **known: str) -> Response:
    """Why there is no page."""
    return HTMLResponse(
        _environment().get_template(f"told/{template}.html").render(pages=PAGES, **known), status
    )


def _twin(view: View, tables: Mapping[str, Table], form: str) -> Response:
    name = view["table"] or next(iter(tables), "")
    if form not in FORMATS or name not in tables:
        known = f"format: {', '.join(FORMATS)}; table: {', '.join(tables)}"
        return PlainTextResponse(f"There is no such table or format. Known are {known}.", 404)
    written, kind = FORMATS[form]
    headers = {"Content-Disposition": f'attachment; filename="{name}.{form}"'}
    chunks = written(view.copy, tables[name])
    first = next(chunks)  # what cannot be answered shows here, before the answer has begun
    return StreamingResponse(
        chain((first,), chunks), media_type=kind, headers=headers if form == "csv" else None
    )


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["display"] = display
    return made
