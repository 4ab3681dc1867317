"""Objects in the shape of an older API version, made from the stored ones when they are read.

Enters: a reader of the store and a version. Leaves: a reader that shows all its objects in that
version, and the table of kinds as it was then. What changed when is `older`'s concern; an event
is never changed: its payload keeps the version in which it was made.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import orjson

from sandbox.errors import StripeError
from sandbox.kinds import KINDS, Kind
from sandbox.shapes import API_VERSION, Json
from sandbox.storage.older import CHANGES, VERSIONS, Change
from sandbox.storage.reading import Page, Reader, Window
from sandbox.storage.rows import bare

__all__ = ["VERSIONS", "At", "check", "served", "shown_at"]


def served(version: str) -> str:
    """The version itself, if the sandbox serves it. Raises ValueError."""
    if version in VERSIONS:
        return version
    raise ValueError(
        f"Invalid Stripe API version: {version}. The sandbox serves {', '.join(VERSIONS)}."
    )


def check(version: str) -> str:
    """The same for a request: refused in Stripe's words."""
    try:
        return served(version)
    except ValueError as error:
        raise StripeError(str(error)) from None


def shown_at(store: Reader, version: str, obj: Json) -> Json:
    """One object in a version's shape; what is given stays as it is."""
    if version == API_VERSION:
        return obj
    copy: Json = orjson.loads(orjson.dumps(obj))
    At(store, version).render([copy])
    return copy


class At(Reader):
    """What a store holds, as `version` shows it."""

    def __init__(self, held: Reader, version: str) -> None:
        self.held, self.version = held, version
        self.kinds = kinds(version)

    def db(self) -> Any:
        return self.held.db()

    def get(self, kind: str, id: str) -> Json | None:  # noqa: A002
        return self._one(self.held.get(kind, id))

    def deleted(self, kind: str, id: str) -> Json | None:  # noqa: A002
        return self._one(self.held.deleted(kind, id))

    def texts(self, kind: str, ids: Iterable[str]) -> dict[str, bytes]:
        held = self.held.texts(kind, ids)
        return dict(zip(held, self._rendered(kind, held.values()), strict=True))

    def page(self, kind: str, window: Window) -> Page:
        page = self.held.page(kind, window)
        return replace(page, texts=self._rendered(kind, page.texts))

    def render(self, objects: Iterable[Json]) -> None:
        """Change objects in place, whatever they hold with them."""
        holes: dict[str, list[tuple[Json, str]]] = {}
        for one in (inside for obj in objects for inside in _objects(obj)):
            for change in changes(self.version, one["object"]):
                change.undo(one)
                for key, target in change.inlined.items():
                    if isinstance(one[key], str):
                        holes.setdefault(target, []).append((one, key))
        for target, places in holes.items():
            self._inline(target, places)

    def _inline(self, kind: str, places: list[tuple[Json, str]]) -> None:
        """Whole objects where the version had them; the last state of a deleted one."""
        texts = self.texts(kind, (holder[key] for holder, key in places))
        for holder, key in places:
            text, identity = texts.get(holder[key]), holder[key]
            gone = None if text else self.deleted(kind, identity)
            unknown = None if kind == "plan" else identity  # a one-time price has no plan
            holder[key] = orjson.loads(text) if text else bare(gone) if gone else unknown

    def _one(self, obj: Json | None) -> Json | None:
        if obj is not None and obj["object"] != "event":
            self.render([obj])
        return obj

    def _rendered(self, kind: str, texts: Iterable[bytes]) -> list[bytes]:
        if kind == "event" or self.version == API_VERSION:
            return list(texts)
        objects = [orjson.loads(text) for text in texts]
        self.render(objects)
        return [orjson.dumps(obj) for obj in objects]


@cache
def changes(version: str, kind: str) -> tuple[Change, ...]:
    """What has to be undone, the newest change first."""
    later = [change for change in CHANGES if change.kind == kind and change.since > version]
    return tuple(sorted(later, key=lambda change: change.since, reverse=True))


@cache
def kinds(version: str) -> Mapping[str, Kind]:
    """The table of kinds with the expandable places of a version."""
    return {name: _kind_at(kind, version) for name, kind in KINDS.items()}


def _kind_at(kind: Kind, version: str) -> Kind:
    refs, embeds = dict(kind.refs), dict(kind.embeds)
    for change in changes(version, kind.name):
        gone = [path for path in refs if path.partition(".")[0] in change.added]
        refs = {path: refs[path] for path in refs if path not in gone} | dict(change.refs)
        embeds |= change.inlined
    return replace(kind, refs=refs, embeds=embeds)


def _objects(value: Any) -> Iterator[Json]:
    """Every Stripe object in a value, the outer ones first; metadata holds none."""
    if isinstance(value, dict):
        if isinstance(value.get("object"), str):
            yield value
        for key, inside in value.items():
            if key != "metadata" and isinstance(inside, (dict, list)):
                yield from _objects(inside)
    elif isinstance(value, list):
        for inside in value:
            yield from _objects(inside)
