"""A canonical object becomes rows, and rows become the text that is served.

Enters: one object in the pinned shape, as the builders make it. Leaves: its row (what it names
by id collapsed, what is served on request alone set aside) and the rows of its discounts.
Objects are kept whole: long lists are cut when they are served. An older API version would be
rendered here, from the same rows.
"""

from dataclasses import dataclass, field
from typing import Any

import orjson

from sandbox import paths
from sandbox.kinds import KINDS, NOTHING, Kind
from sandbox.shapes import Json

NESTED_LIMIT = 10


@dataclass(frozen=True)
class Row:
    kind: Kind
    id: str
    created: int
    text: str
    extra: str | None
    wide: bool  # a nested list is longer than Stripe shows
    columns: tuple[Any, ...]
    discounts: tuple[Json, ...] = ()
    items: tuple[tuple[str, str, str], ...] = field(default=())  # id, subscription, price


def row(obj: Json) -> Row:
    """The row of an object; discounts that it carries as objects come along."""
    kind = _kind(obj)
    extra = {name: obj[name] for name in kind.on_request if obj.get(name) is not None}
    discounts: list[Json] = []
    own = _collapsed(kind, bare(obj), discounts)
    nested = [value["data"] for value in own.values() if _is_list(value)]
    return Row(
        kind=kind,
        id=obj["id"],
        created=obj[kind.created] if kind.created else 0,
        text=orjson.dumps(own).decode(),
        extra=orjson.dumps(extra).decode() if extra else None,
        wide=any(len(data) > NESTED_LIMIT for data in nested),
        columns=tuple(paths.value(own, path) for path in kind.columns.values()),
        discounts=tuple(discounts),
        items=_items(own) if kind.name == "subscription" else (),
    )


def shown(obj: Json) -> Json:
    """An object as served: of a long list ten elements, and that there are more."""
    return {name: _shortened(value) if _is_list(value) else value for name, value in obj.items()}


def cut(text: bytes) -> bytes:
    """The same for its text."""
    return orjson.dumps(shown(orjson.loads(text)))


def bare(obj: Json) -> Json:
    """An object without what is served on request alone."""
    return {k: v for k, v in obj.items() if k not in KINDS[obj["object"]].on_request}


def _shortened(value: Json) -> Json:
    if len(value["data"]) <= NESTED_LIMIT:
        return value
    return value | {"data": value["data"][:NESTED_LIMIT], "has_more": True}


def _kind(obj: Json) -> Kind:
    name = obj.get("object")
    kind = KINDS.get(str(name))
    if kind is None or kind.within or not obj.get("id"):
        kept = ", ".join(kind.name for kind in KINDS.values() if not kind.within)
        raise ValueError(
            f"{name} {obj.get('id')}: give an id and an `object` among {kept};"
            " items and lines are put with what holds them"
        )
    return kind


def _is_list(value: Any) -> bool:
    return isinstance(value, dict) and value.get("object") == "list"


def _collapsed(kind: Kind, obj: Json, discounts: list[Json]) -> Json:
    """The object with what it names as ids; copies only where it has to change something."""
    found = [
        (path, target)
        for path, target in kind.refs.items()
        if target != NOTHING and _names_objects(obj, path)
    ]
    nested = [(path, KINDS[name]) for path, name in kind.embeds.items()]
    if not found and not any(_carries(obj, path, inner) for path, inner in nested):
        return obj
    copy: Json = orjson.loads(orjson.dumps(obj))
    for path, target in found:
        for holder, key in list(paths.slots(copy, path)):
            if isinstance(holder[key], dict):
                if target == "discount":
                    discounts.append(holder[key])
                holder[key] = holder[key]["id"]
    for path, inner in nested:
        for holder, key in list(paths.slots(copy, path)):
            holder[key] = _collapsed(inner, holder[key], discounts)
    return copy


def _carries(obj: Json, path: str, inner: Kind) -> bool:
    return any(
        _names_objects(holder[key], ref)
        for holder, key in paths.slots(obj, path)
        for ref in inner.refs
    )


def _names_objects(obj: Json, path: str) -> bool:
    return any(isinstance(holder[key], dict) for holder, key in paths.slots(obj, path))


def _items(subscription: Json) -> tuple[tuple[str, str, str], ...]:
    return tuple(
        (item["id"], subscription["id"], item["price"]["id"])
        for item in subscription["items"]["data"]
    )
