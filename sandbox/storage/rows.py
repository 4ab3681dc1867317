"""A canonical object becomes rows, and rows become the text that is served.

Enters: one object in the pinned shape, as the builders make it. Leaves: its row (what it names
by id collapsed, what is served on request alone set aside) and the rows of its discounts.
Objects are kept whole: long lists are cut when they are served. An older API version would be
rendered here, from the same rows.
"""

from typing import Any, NamedTuple

import orjson

from sandbox import paths
from sandbox.kinds import KINDS, NOTHING, Kind
from sandbox.shapes import Json

NESTED_LIMIT = 10


class Row(NamedTuple):
    kind: str
    id: str
    created: int
    text: bytes
    extra: str | None
    wide: bool  # a nested list is longer than Stripe shows
    columns: tuple[Any, ...]
    discounts: tuple[Json, ...] = ()
    items: tuple[tuple[str, str, str], ...] = ()  # id, subscription, price


def row(obj: Json) -> Row:
    """The row of an object; discounts that it carries as objects come along."""
    kind = _kind(obj)
    extra = {name: obj[name] for name in kind.on_request if obj.get(name) is not None}
    own, discounts = bare(obj), list[Json]()
    text = orjson.dumps(own)
    if kind.refs and text.count(b'"object":') != _expected(kind, own):
        own = _collapsed(kind, orjson.loads(text), discounts)
        text = orjson.dumps(own)
    discounts += [
        own[path] for path, name in kind.embeds.items() if name == "discount" and own[path]
    ]
    nested = [own[path.partition(".")[0]] for path in kind.embeds if path.endswith(".data")]
    return Row(
        kind=kind.name,
        id=obj["id"],
        created=obj[kind.created] if kind.created else 0,
        text=text,
        extra=orjson.dumps(extra).decode() if extra else None,
        wide=any(len(held["data"]) > NESTED_LIMIT for held in nested),
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
    if not KINDS[obj["object"]].on_request:
        return obj
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


def _expected(kind: Kind, obj: Json) -> int:
    """How many objects there are if everything that can be named is named: most often so, and
    then nothing has to be collapsed."""
    count = 1
    for path, name in kind.embeds.items():
        count += path.endswith(".data")
        count += sum(_expected(KINDS[name], holder[key]) for holder, key in paths.slots(obj, path))
    return count


def _collapsed(kind: Kind, obj: Json, discounts: list[Json]) -> Json:
    """The same object, naming by id what it held; the discounts among that are handed over."""
    for path, target in kind.refs.items():
        for holder, key in paths.slots(obj, path):
            if target != NOTHING and isinstance(holder[key], dict):
                if target == "discount":
                    discounts.append(holder[key])
                holder[key] = holder[key]["id"]
    for path, name in kind.embeds.items():
        for holder, key in paths.slots(obj, path):
            holder[key] = bare(_collapsed(KINDS[name], holder[key], discounts))
    return obj


def _items(subscription: Json) -> tuple[tuple[str, str, str], ...]:
    return tuple(
        (item["id"], subscription["id"], item["price"]["id"])
        for item in subscription["items"]["data"]
    )
