"""What an alert rule is: what happens in the business, from which amount on, and when it is told.

Enters: data as `alerts.yml` has it. Leaves: `Rule`s, and what is wrong with the others, each with
the way to it, by keys and numbers. Whether it happened is judged elsewhere.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

Way = tuple[str | int, ...]
NAME = re.compile(r"[a-z][a-z0-9_-]{0,59}")
CURRENCY = re.compile(r"[a-z]{3}")
MOST_RULES, MOST_DAYS = 200, 30
EVERY = ("name", "description", "when", "send")
SEND = ("at_once", "daily", "weekly")
# By what happens: the keys that are required, and those that may stand beside them.
KINDS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "account_churned": (("over",), ("currency",)),
    "mrr_fell": (("percent",), ("currency",)),
    "trial_without_card": (("over",), ("currency", "days")),
    "segment_entered": (("segment",), ()),
    "segment_left": (("segment",), ()),
}


class WrongRule(ValueError):
    """The text names the rule, the key and what to write instead."""

    def __init__(self, text: str, at: Way) -> None:
        super().__init__(text)
        self.at = at


@dataclass(frozen=True)
class Rule:
    """`over` is MRR in major units a month; no `currency`: each one by its own amount."""

    name: str
    when: str
    description: str = ""
    send: str = "at_once"
    over: Decimal | None = None
    percent: Decimal | None = None
    currency: str | None = None
    days: int = 1
    segment: str | None = None

    @property
    def definition(self) -> str:
        """What it is judged by, as it is kept: not its description, nor when it is told."""
        data = {name: value for name, value in asdict(self).items() if value is not None}
        judged_by = {name: value for name, value in data.items() if name not in TOLD_BY}
        return json.dumps(judged_by, default=str)


TOLD_BY = ("name", "description", "send")


def right_and_wrong(data: object) -> tuple[dict[int, Rule], list[WrongRule]]:
    """The rules of a file that can be read, by their number, and what is wrong with the others."""
    listed = data.get("rules") if isinstance(data, Mapping) else None
    if not isinstance(listed, list) or len(listed) > MOST_RULES:
        return {}, [WrongRule(f"write a list of at most {MOST_RULES} under 'rules'", ())]
    found, wrong, names = dict[int, Rule](), list[WrongRule](), set[str]()
    for number, one in enumerate(listed):
        at: Way = ("rules", number)
        problems = [WrongRule(text, (*at, *way)) for way, text in _problems(one)]
        if not problems and one["name"] in names:
            text = f"rule '{one['name']}' stands there twice: give one another name"
            problems = [WrongRule(text, (*at, "name"))]
        if not problems:
            found[number] = _rule(one)
            names.add(one["name"])
        wrong += problems
    return found, wrong


def _problems(data: object) -> list[tuple[Way, str]]:
    if not isinstance(data, Mapping):
        return [((), f"write {', '.join(EVERY)} and the rule's own keys")]
    name = data.get("name")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        text = "write small letters, digits, _ and - alone, a letter first, at most 60"
        return [(("name",), f"a rule needs a name: {text}")]
    kind = data.get("when")
    if not isinstance(kind, str) or kind not in KINDS:
        return [(("when",), f"rule '{name}': write one of {', '.join(KINDS)}")]
    return [(way, f"rule '{name}': {text}") for way, text in _of_keys(data, kind)]


def _of_keys(data: Mapping[Any, Any], kind: str) -> list[tuple[Way, str]]:
    required, optional = KINDS[kind]
    known = (*EVERY, *required, *optional)
    found: list[tuple[Way, str]] = [
        ((str(key),), f"'{key}' is no key of {kind}; known: {', '.join(known)}")
        for key in data
        if key not in known
    ]
    found += [((), f"'{key}' is missing: write it") for key in required if key not in data]
    for key, value in data.items():
        if key in VALUES and key in known and not VALUES[key][0](value):
            found.append(((str(key),), f"'{key}' must be {VALUES[key][1]}"))
    return found


def _number(value: object) -> Decimal | None:
    """None: it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        return None
    return found if found.is_finite() and abs(found) < Decimal(10) ** 12 else None


def _between(low: int, high: int) -> Callable[[object], bool]:
    return lambda value: (found := _number(value)) is not None and low <= found <= high


def _is_percent(value: object) -> bool:
    return bool(_between(0, 100)(value) and _number(value))


def _is_days(value: object) -> bool:
    return isinstance(value, int) and _between(1, MOST_DAYS)(value)


VALUES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "over": (_between(0, 10**12), "an amount of MRR a month, such as 500 or 99.50"),
    "percent": (_is_percent, "a percentage above 0 and at most 100, such as 5"),
    "currency": (
        lambda value: isinstance(value, str) and bool(CURRENCY.fullmatch(value)),
        "a currency's three letters, such as usd",
    ),
    "days": (_is_days, f"a number of days from 1 to {MOST_DAYS}"),
    "segment": (lambda value: isinstance(value, str) and bool(value), "the name of a segment"),
    "send": (lambda value: value in SEND, f"one of {', '.join(SEND)}"),
    "description": (lambda value: isinstance(value, str), "a text"),
}


def _rule(data: Mapping[str, Any]) -> Rule:
    """`data` has no problem."""
    numbers = {key: _number(data[key]) for key in ("over", "percent") if key in data}
    return Rule(**{**data, **numbers})
