"""A request that changes something: matched, read, done once for its idempotency key.

Enters: method, path, pairs of names and values, the key. Leaves: status and JSON, and whether it
is a repeated answer. One transaction a request: what is refused has changed nothing, but for a
declined card, whose attempt stays.
"""

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import orjson

from sandbox import clock
from sandbox.books import Books
from sandbox.errors import StripeError
from sandbox.http import api, expand, form
from sandbox.http.form import Fields
from sandbox.http.refusals import KeyReused
from sandbox.kinds import KINDS
from sandbox.shapes import Json
from sandbox.storage.reading import Reader
from sandbox.storage.store import Store

Act = Callable[[Books, str, Json], Json | StripeError]  # the id in the path; the values
Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Write:
    """One endpoint: what it takes, and what it does. It answers with the object it returns."""

    method: str
    path: str
    act: Act
    fields: Fields = field(default_factory=dict)
    required: tuple[str, ...] = ()


class Answer(NamedTuple):
    status: int
    body: bytes
    replayed: bool = False


def matched(writes: Sequence[Write], method: str, path: str) -> tuple[Write, str] | None:
    """The endpoint of a request, and the id in its path."""
    for write in writes:
        pattern = re.escape(write.path).replace(r"\{id\}", "([^/]+)")
        found = re.fullmatch(pattern, path) if write.method == method else None
        if found:
            return write, found[1] if found.groups() else ""
    return None


def answer(  # noqa: PLR0913, PLR0917
    store: Store,
    write: Write,
    identity: str,
    pairs: Pairs,
    key: str | None = None,
    seen: Reader | None = None,
    live: bool = False,
) -> Answer:
    """Do it, or repeat what was answered to the same request before.

    `seen` shows the object as the request wants to see it, in an older version perhaps; `live` is
    the mode of its key.
    """
    print_ = _print(write, identity, pairs)
    with store.writing():
        kept = _kept(store, key, print_) if key else None
        if kept:
            return kept
        made = _done(Books(store, clock.now(store), live), seen or store, write, identity, pairs)
        if key:
            _keep(store, key, print_, made)
        return made


def _done(books: Books, seen: Reader, write: Write, identity: str, pairs: Pairs) -> Answer:
    nodes = form.tree(pairs)
    fields = {**write.fields, "expand": form.listed(form.text)}
    values = form.read(nodes, fields, write.required)
    wanted = expand.tree(values.pop("expand", []), listed=False)
    result = write.act(books, identity, values)
    if isinstance(result, StripeError):
        return Answer(result.status, result.body())
    kind = KINDS.get(str(result.get("object")))
    if kind is None or "deleted" in result or "secret" in result:
        return Answer(200, orjson.dumps(result))
    return Answer(200, api.one(seen, seen.kinds[kind.name], result["id"], wanted))


def _print(write: Write, identity: str, pairs: Pairs) -> str:
    text = orjson.dumps([write.method, write.path, identity, sorted(pairs)])
    return hashlib.blake2b(text, digest_size=16).hexdigest()


def _kept(store: Store, key: str, print_: str) -> Answer | None:
    found = store.one("SELECT print, status, body FROM idempotency WHERE key = ?", key)
    if found is None:
        return None
    if found[0] != print_:
        raise KeyReused(key)
    return Answer(found[1], found[2], replayed=True)


def _keep(store: Store, key: str, print_: str, made: Answer) -> None:
    store.db().execute(
        "INSERT INTO idempotency VALUES (?, ?, ?, ?)", (key, print_, made.status, made.body)
    )
