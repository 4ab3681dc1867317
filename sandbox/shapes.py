"""The blank object of every kind, field by field, at the pinned API version (`shapes.json`).

Enters: a kind's name. Leaves: a fresh dict with every field that Stripe always returns, null or
empty where nothing is known yet. What a value means, and how values depend on each other, is
the builders' concern. The official SDK's class annotations are the judge of these lists.
"""

from pathlib import Path
from typing import Any

import orjson

Json = dict[str, Any]
API_VERSION = "2026-10-28.endive"
_SHAPES: dict[str, Json] = orjson.loads(Path(__file__).with_suffix(".json").read_bytes())
_NESTED = {
    name: orjson.dumps({k: v for k, v in shape.items() if isinstance(v, (dict, list))})
    for name, shape in _SHAPES.items()
}
ACCOUNT: str = _SHAPES["account"]["id"]  # that of a store which was given no other


def blank(name: str) -> Json:
    """A fresh copy, nested parts too, so that no two objects share a mutable part."""
    if name not in _SHAPES:
        raise ValueError(f"{name}: no shape; there are {', '.join(_SHAPES)}")
    return {**_SHAPES[name], **orjson.loads(_NESTED[name])}


def fill(name: str, known: Json, extra: Json) -> Json:
    """A blank with `known` set, then the caller's `extra`, which must name real fields."""
    result = blank(name)
    result.update(known)
    unknown = [field for field in extra if field not in result]
    if unknown:
        raise TypeError(f"{name} {known.get('id')}: Stripe's {name} has no {', '.join(unknown)}")
    result.update(extra)
    return result
