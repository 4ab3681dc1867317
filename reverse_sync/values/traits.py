"""Traits as typed values, and their one canonical JSON text.

Enters: the JSON text of an account's traits. Leaves: a dict of null, bool, Decimal, str and tuples
of them, and back. Every number is a Decimal, so 50.000 is 50 and nothing ever passes a float. Not
here: what differs (trait_changes.py) and what a trait means.
"""

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from typing import Any, NoReturn

import orjson

Scalar = None | bool | Decimal | str
Value = Scalar | tuple[Scalar, ...]
Traits = Mapping[str, Value]

NAMESPACE = "stripe."
OWN = "custom."  # traits of the user's own models
NAMESPACES = (NAMESPACE, OWN)
METADATA = "stripe.metadata."
# Money, counts and percentages fit easily; 1e999999 would become a million digits.
MAX_DIGITS = 40
_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z

_PLAIN = frozenset((str, Decimal, bool, type(None)))
# A fraction or an exponent becomes a float, and so does what is longer than 64 bits.
_INEXACT = frozenset((float, dict, list))
_FRACTION = re.compile(r"-?[0-9]{1,15}\.[0-9]{1,15}(?=[,}])")
_NESTED: Mapping[type, str] = {dict: "an object", list: "a list inside a list"}


class InvalidTraits(ValueError):
    """A value that no trait can hold; the account is kept out with this reason."""


def parse_traits(text: str) -> dict[str, Value]:
    """The traits of one account, from JSON text."""
    quickly = _without_fractions(text)
    if quickly is not None:
        return quickly
    try:
        loaded = _decoder().decode(text)
    except json.JSONDecodeError as error:
        raise InvalidTraits(f"traits are not JSON: {error}") from error
    if not isinstance(loaded, dict):
        raise InvalidTraits("traits are not a JSON object")
    return {
        name: value if type(value) in _PLAIN else _value(name, value)
        for name, value in loaded.items()
    }


def _without_fractions(text: str) -> dict[str, Value] | None:
    """The traits, three times as fast; None where that cannot give every value exactly.

    orjson's integers are exact, its floats are not; what it finds wrong is told by the other way.
    """
    try:
        loaded = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(loaded, dict):
        return None
    for name, value in loaded.items():
        if type(value) not in _PLAIN:
            exact = _exactly(text, name, value)
            if exact is None:
                return None
            loaded[name] = exact
    return loaded


def _exactly(text: str, name: str, value: Any) -> Value:
    """A number or a list of orjson's as a trait's value; None where it may not be exact."""
    if type(value) is int:
        return Decimal(value)
    if type(value) is float:
        return _fraction(text, name, value)
    if type(value) is list and _INEXACT.isdisjoint(map(type, value)):
        return tuple(Decimal(v) if type(v) is int else v for v in value)
    return None


def _fraction(text: str, name: str, value: float) -> Decimal | None:
    """The number as it is written, where its place in the text is beyond doubt."""
    key = f'"{name}":'
    if text.count(key) != 1:
        return None
    found = _FRACTION.match(text, text.index(key) + len(key))
    return Decimal(found[0]) if found and float(found[0]) == value else None


def parse_stored(text: str) -> dict[str, Value]:
    """Traits out of a store, where others may have written richer values beside ours."""
    loaded: dict[str, Value] = parse_json(text)
    return loaded


def parse_json(text: str) -> Any:
    """Any JSON with exact numbers; raises ValueError."""
    return _exact().decode(text)


def canonical(traits: Traits) -> str:
    """JSON text with sorted keys and numbers without trailing zeros: equal traits, equal text."""
    return json_text(dict(traits))


def canonical_value(value: Value) -> str:
    """One trait's value as canonical JSON text."""
    return json_text(value)


def number_text(number: Decimal) -> str:
    """The exact decimal without exponent or trailing zeros: 50.000 is 50."""
    text = str(number)
    if "E" in text:  # rarely, and to spell it out takes three times as long
        text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def same(left: Value, right: Value) -> bool:
    """Equal in type and value: 1 is neither "1" nor true, 50.000 is 50."""
    if type(left) is not type(right):
        return False
    if isinstance(left, tuple) and isinstance(right, tuple):
        return len(left) == len(right) and all(map(same, left, right))
    return left == right


def _number(text: str) -> Decimal:
    number = Decimal(text)
    if abs(number.adjusted()) > MAX_DIGITS or len(text) > 2 * MAX_DIGITS:
        raise InvalidTraits(f"a number has more than {MAX_DIGITS} digits: {text[:20]}...")
    return number


def _no_constant(text: str) -> NoReturn:
    raise InvalidTraits(f"{text} is not a number that a trait can hold")


@cache
def _exact() -> json.JSONDecoder:
    return json.JSONDecoder(parse_float=Decimal, parse_int=Decimal)


@cache
def _decoder() -> json.JSONDecoder:
    """One for all texts: making it costs as much as a small text."""
    return json.JSONDecoder(parse_float=_number, parse_int=_number, parse_constant=_no_constant)


def _value(name: str, value: Any) -> Value:
    if type(value) not in _NESTED:
        return value  # type: ignore[no-any-return]
    nested = next((type(v) for v in value if type(v) in _NESTED), None)
    if isinstance(value, dict) or nested:
        kind = _NESTED[nested or dict]
        raise InvalidTraits(f"trait {name} holds {kind}, not a plain value or a list of them")
    return tuple(value)


def json_text(value: Any) -> str:
    """Any value as JSON: keys sorted, numbers exact, times in UTC. Raises InvalidTraits."""
    try:
        return orjson.dumps(value, default=_fragment, option=_OPTIONS).decode()
    except orjson.JSONEncodeError as error:
        raise InvalidTraits(f"a value cannot be written as JSON: {error}") from error


def _fragment(value: Any) -> orjson.Fragment:
    if isinstance(value, Decimal) and value.is_finite():
        return orjson.Fragment(number_text(value))
    raise TypeError(f"{type(value).__name__} is no trait value")
