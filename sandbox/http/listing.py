"""A list request's parameters: checked as Stripe checks them, and made into SQL conditions.

Enters: a kind and the query string's pairs. Leaves: what to read, or a refusal in Stripe's words.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sandbox.errors import StripeError, missing, unknown_parameter
from sandbox.http import expand
from sandbox.kinds import KINDS, Filter, Kind
from sandbox.storage.reading import Page, Reader, Window

DEFAULT_LIMIT, MOST = 10, 100
_LIST = re.compile(r"^(\w+)\[\d*\]$")
_BOUND = re.compile(r"^(\w+)\[(gt|gte|lt|lte)\]$")
_COMPARISONS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "": "="}


@dataclass
class Parameters:
    """The query string: plain values by name, lists by name."""

    plain: dict[str, str] = field(default_factory=dict)
    lists: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def read(cls, pairs: Iterable[tuple[str, str]]) -> "Parameters":
        """`name[]`, `name[0]` are lists; `created[gte]` stays a name of its own."""
        result = cls()
        for name, value in pairs:
            listed = _LIST.match(name)
            if value == "":
                raise _empty(name)
            if listed:
                result.lists.setdefault(listed[1], []).append(value)
            else:
                result.plain[name] = value
        return result

    def expansions(self, *, listed: bool) -> expand.Tree:
        return expand.tree(self.lists.pop("expand", []), listed=listed)

    def refuse_rest(self) -> None:
        for name in (*self.plain, *self.lists):
            raise unknown_parameter(name)


@dataclass
class Cursor:
    limit: int
    id: str | None
    backwards: bool
    name: str

    @classmethod
    def read(cls, parameters: Parameters) -> "Cursor":
        limit = _integer(parameters.plain.pop("limit", str(DEFAULT_LIMIT)), "limit")
        if not 1 <= limit <= MOST:
            bound = "greater than or equal to 1" if limit < 1 else f"less than or equal to {MOST}"
            raise StripeError(
                f"This value must be {bound}.", code="parameter_invalid_integer", param="limit"
            )
        after = parameters.plain.pop("starting_after", None)
        before = parameters.plain.pop("ending_before", None)
        if after and before:
            raise StripeError(
                "You may only specify one of these parameters: ending_before, starting_after."
            )
        name = "ending_before" if before else "starting_after"
        return cls(limit, after or before, before is not None, name)


def read(store: Reader, kind: Kind, parameters: Parameters) -> Page:
    """The page that a request asks for."""
    cursor = Cursor.read(parameters)
    conditions: list[str] = []
    values: list[Any] = []
    for one in kind.filters:
        for condition, bound in _conditions(store, one, parameters):
            conditions.append(condition)
            values += bound
    parameters.refuse_rest()
    if cursor.id:
        position = store.position(kind.name, cursor.id)
        if position is None:
            raise missing(kind.name, cursor.id, param=cursor.name, status=400)
        conditions.append(f"(created, id) {'>' if cursor.backwards else '<'} (?, ?)")
        values += position
    return store.page(kind.name, Window(cursor.limit, conditions, values, cursor.backwards))


def read_nested(elements: list[Any], kind: Kind, parameters: Parameters) -> tuple[list[Any], bool]:
    """A page of a list that lives inside one object, in that list's own order."""
    cursor = Cursor.read(parameters)
    parameters.refuse_rest()
    start, end = 0, len(elements)
    if cursor.id:
        places = [index for index, one in enumerate(elements) if one["id"] == cursor.id]
        if not places:
            raise missing(kind.name, cursor.id, param=cursor.name, status=400)
        start, end = (0, places[0]) if cursor.backwards else (places[0] + 1, end)
    part = elements[start:end]
    shown = part[-cursor.limit :] if cursor.backwards else part[: cursor.limit]
    return shown, len(part) > cursor.limit


def _conditions(
    store: Reader, one: Filter, parameters: Parameters
) -> Iterable[tuple[str, list[Any]]]:
    if one.takes == "time":
        yield from _times(one, parameters)
    elif one.takes == "list":
        listed = parameters.lists.pop(one.name, [])
        if len(listed) > one.most:
            raise StripeError(
                f"Array exceeded maximum of {one.most} elements.",
                code="parameter_invalid_array",
                param=one.name,
            )
        if listed:
            yield f"{one.sql} IN ({', '.join('?' * len(listed))})", list(listed)
    else:
        given = parameters.plain.pop(one.name, None)
        if given is not None:
            yield _condition(store, one, given)
        elif one.default:
            yield one.default, []


def _condition(store: Reader, one: Filter, given: str) -> tuple[str, list[Any]]:
    if one.choices and given not in one.choices:
        raise StripeError(
            f"Invalid {one.name}: must be one of {', '.join(one.choices)}", param=one.name
        )
    if given in one.named:
        return one.named[given], []
    if one.takes == "boolean":
        if given not in ("true", "false"):
            raise StripeError(f"Invalid boolean: {given}", param=one.name)
        return one.sql, [int(given == "true")]
    if one.takes in KINDS and not _exists(store, one.takes, given):
        raise missing(one.takes, given, param=one.name, status=400)
    return one.sql, [given]


def _exists(store: Reader, kind: str, identity: str) -> bool:
    return store.position(kind, identity) is not None or store.deleted(kind, identity) is not None


def _times(one: Filter, parameters: Parameters) -> Iterable[tuple[str, list[Any]]]:
    for name in list(parameters.plain):
        bound = _BOUND.match(name)
        if name == one.name or (bound and bound[1] == one.name):
            moment = _integer(parameters.plain.pop(name), name)
            yield f"{one.sql} {_COMPARISONS[bound[2] if bound else '']} ?", [moment]


def _integer(given: str, name: str) -> int:
    try:
        return int(given)
    except ValueError:
        raise StripeError(
            f"Invalid integer: {given}", code="parameter_invalid_integer", param=name
        ) from None


def _empty(name: str) -> StripeError:
    return StripeError(
        f"You passed an empty string for '{name}'. We assume empty values are an attempt to unset"
        f" a parameter; however '{name}' cannot be unset. You should remove '{name}' from your"
        " request or supply a non-empty value.",
        code="parameter_invalid_empty",
        param=name,
    )
