"""Requests to answers, without HTTP: paths and parameters enter, JSON bytes leave.

One loop over the table of kinds makes the routes. What is refused is raised as `StripeError`.
"""

from collections.abc import Callable
from typing import Any

import orjson

from sandbox.builders import deleted, of_card
from sandbox.errors import StripeError, missing, unknown_parameter
from sandbox.http import expand, listing
from sandbox.http.listing import Parameters
from sandbox.kinds import APART, KINDS, NESTED, Kind
from sandbox.shapes import Json
from sandbox.storage.reading import Reader

Answer = Callable[[Reader, str, Parameters], bytes]  # the id in the path, or ""


def routes() -> list[tuple[str, Answer]]:
    """Path and answer of every kind that is served."""
    result: list[tuple[str, Answer]] = []
    for kind in KINDS.values():
        if kind.served or kind.name in APART:
            result.append((f"/v1/{kind.table}", _lister(kind)))
            result.append((f"/v1/{kind.table}/{{id}}", _getter(kind)))
    for path, owner, element in NESTED:
        result.append((f"/v1/{path}", _nested(path, KINDS[owner], KINDS[element])))
    return result


def _lister(kind: Kind) -> Answer:
    def answer(store: Reader, _: str, parameters: Parameters) -> bytes:
        if kind.within:
            owner, place = KINDS[kind.within[0]], kind.within[1]
            identity = parameters.plain.pop(owner.name, None)
            if identity is None:
                raise StripeError(
                    f"Missing required param: {owner.name}.",
                    code="parameter_missing",
                    param=owner.name,
                )
            held = _held(store, owner, identity, param=owner.name, status=400)
            return _inside(store, kind, held[place], parameters)
        return _page(store, kind, f"/v1/{kind.table}", parameters)

    return answer


def _nested(path: str, owner: Kind, element: Kind) -> Answer:
    def answer(store: Reader, identity: str, parameters: Parameters) -> bytes:
        held = _held(store, owner, identity)
        if element.within:
            return _inside(store, element, held[element.within[1]], parameters)
        if parameters.plain.pop(owner.name, None) is not None:
            raise unknown_parameter(owner.name)
        parameters.plain[owner.name] = identity
        return _page(store, element, f"/v1/{path.replace('{id}', identity)}", parameters)

    return answer


def _getter(kind: Kind) -> Answer:
    def answer(store: Reader, identity: str, parameters: Parameters) -> bytes:
        wanted = parameters.expansions(listed=False)
        parameters.refuse_rest()
        return one(store, kind, identity, wanted)

    return answer


def one(store: Reader, kind: Kind, identity: str, wanted: expand.Tree) -> bytes:
    """One object as it is served, with what is to be expanded."""
    text = _text(store, kind, identity)
    if not wanted:
        return text
    obj = orjson.loads(text)
    expand.expand(store, kind.name, [] if "deleted" in obj else [obj], wanted, listed=False)
    return orjson.dumps(obj)


def _text(store: Reader, kind: Kind, identity: str) -> bytes:
    if kind.within:
        return orjson.dumps(_element(store, kind, kind.within, identity))
    text = store.texts(kind.name, [identity]).get(identity)
    if text:
        return text
    if kind.name == "payment_method" and (card := store.get("card", identity)):
        return orjson.dumps(of_card(card))
    gone = store.deleted(kind.name, identity) if kind.remains == "stub" else None
    if gone is None:
        raise missing(kind.name, identity)
    return orjson.dumps(deleted(gone))


def _element(store: Reader, kind: Kind, within: tuple[str, str], identity: str) -> Json:
    holder = store.holder(identity)
    if holder is None:
        raise missing(kind.name, identity)
    held = _held(store, KINDS[within[0]], holder)
    return next(one for one in held[within[1]]["data"] if one["id"] == identity)


def _held(
    store: Reader, kind: Kind, identity: str, *, param: str = "id", status: int = 404
) -> Json:
    obj = store.get(kind.name, identity)
    if obj is None:
        raise missing(kind.name, identity, param=param, status=status)
    return obj


def _page(store: Reader, kind: Kind, url: str, parameters: Parameters) -> bytes:
    """Without expands the stored texts are joined as they are."""
    wanted = parameters.expansions(listed=True)
    page = listing.read(store, kind, parameters)
    if not wanted:
        return _joined(b",".join(page.texts), page.has_more, url)
    objects = [orjson.loads(text) for text in page.texts]
    expand.expand(store, kind.name, objects, wanted)
    return _joined(orjson.dumps(objects)[1:-1], page.has_more, url)


def _inside(store: Reader, kind: Kind, held: Json, parameters: Parameters) -> bytes:
    wanted = parameters.expansions(listed=True)
    elements, more = listing.read_nested(held["data"], kind, parameters)
    expand.expand(store, kind.name, elements, wanted)
    url: Any = held["url"].partition("?")[0]
    return _joined(orjson.dumps(elements)[1:-1], more, url)


def _joined(data: bytes, has_more: bool, url: str) -> bytes:
    more = b"true" if has_more else b"false"
    return (
        b"".join(
            (b'{"object":"list","data":[', data, b'],"has_more":', more, b',"url":"', url.encode())
        )
        + b'"}'
    )
