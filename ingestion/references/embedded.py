"""The object that stands whole inside the one that names it: the last resort for its row.

Enters: what was not to be had by id, and who names it. Leaves: pages of such copies.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from ingestion.intake import refetch
from ingestion.landing import EXTRACTS
from ingestion.landing.json_paths import getter, nodes
from ingestion.landing.references import BY_NAME, Reference, root_streams
from ingestion.references.named import Referrer
from ingestion.stripe_api.connection import Connection
from ingestion.stripe_api.event_types import Pointer
from ingestion.stripe_api.page_queue import pages
from ingestion.stripe_api.reader import Page


@dataclass(frozen=True)
class _Place:
    """Where an object may stand: an id that a column names, inside one of a stream's objects."""

    object_id: str
    reference: Reference


def embedded(connection: Connection, lost: Mapping[Pointer, Referrer]) -> list[Page]:
    """The copies inside the objects that name them, which are read again for it."""
    places: dict[Pointer, list[_Place]] = defaultdict(list)
    for (_, object_id), referrer in lost.items():
        reference = BY_NAME[referrer.column]
        if reference.column.embedded:
            (stream,) = root_streams(reference.table)
            places[stream, referrer.root_id].append(_Place(object_id, reference))
    if not places:
        return []
    with closing(pages(connection, refetch(sorted(places), refused={}))) as found:
        return [page for root_page in found for page in _copies(root_page, places)]


def _copies(page: Page, places: Mapping[Pointer, list[_Place]]) -> Iterator[Page]:
    for root in page.objects:
        for place in places.get((page.stream, root["id"]), ()):
            copy = _copy(page.stream, root, place)
            if copy is not None:
                yield Page(place.reference.stream, [copy], page.read_at)


def _copy(stream: str, root: Any, place: _Place) -> Any:
    """The object itself; an older shape of it (a plan in place of a price) is none."""
    getters = [getter(path) for path in place.reference.column.paths]
    for extract in EXTRACTS[stream]:
        if extract.table != place.reference.table:
            continue
        for node in nodes(root, extract.path):
            for value in (get(node) for get in getters):
                if _is_it(value, place):
                    return value
    return None


def _is_it(value: Any, place: _Place) -> bool:
    if not isinstance(value, dict) or value["id"] != place.object_id:
        return False
    return f"{value.get('object')}s" == place.reference.stream
