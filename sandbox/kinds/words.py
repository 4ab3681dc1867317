"""What a kind of object is made of: the words that the table of kinds is declared with.

Paths are dotted and run through lists. No kind stands here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

NOTHING = "nothing"  # an expandable field that is always null here


@dataclass(frozen=True)
class Filter:
    """A list parameter: which SQL condition it is, and which values it takes."""

    name: str
    sql: str
    takes: str = "text"  # text, boolean, time, list, or the name of the kind whose id it is
    choices: tuple[str, ...] = ()
    named: Mapping[str, str] = field(default_factory=dict)  # values with a condition of their own
    default: str | None = None  # the condition when the parameter is absent
    most: int = 100  # the longest list


@dataclass(frozen=True)
class Transition:
    """An event of its own when `path` comes to be among `values` (none said: comes to be set)."""

    type: str
    path: str
    values: tuple[str, ...] = ()
    left: bool = False  # when it ceases to be
    replaces: bool = False  # instead of the `updated` event
    about_value: bool = False  # the event's object is what is found at `path`
    swaps: bool = False  # when another object comes to be there


@dataclass(frozen=True)
class Kind:
    name: str
    table: str
    served: bool = True  # under /v1/<table>, as a list and by id
    created: str | None = "created"
    columns: Mapping[str, str] = field(default_factory=dict)
    filters: tuple[Filter, ...] = ()
    refs: Mapping[str, str] = field(default_factory=dict)
    embeds: Mapping[str, str] = field(default_factory=dict)
    on_request: tuple[str, ...] = ()
    on_request_of_each: Mapping[str, str] = field(default_factory=dict)  # mapping -> field inside
    lists: Mapping[str, str] = field(default_factory=dict)  # on request: what names it as customer
    within: tuple[str, str] | None = None  # the kind and the list that hold this kind
    events: Mapping[str, str] = field(default_factory=dict)  # created, updated, deleted: its type
    transitions: tuple[Transition, ...] = ()
    remains: str = "404"  # of a deleted one: "404", "stub" (answered as deleted)
    expands_to: str = "stub"  # what an expand of a deleted one shows: "stub" or "last"


def inside(path: str) -> str:
    """What stands at a path of the object, in SQL."""
    return f"json_extract(json, '$.{path}')"


def verbs(prefix: str, *which: str) -> dict[str, str]:
    """The types of the events of a kind's plain changes."""
    return {verb: f"{prefix}.{verb}" for verb in which or ("created", "updated", "deleted")}


def equal(name: str, takes: str = "text", sql: str = "", choices: tuple[str, ...] = ()) -> Filter:
    """A filter on one value, of a column unless `sql` says otherwise."""
    return Filter(name, f"{sql or name} = ?", takes, choices)


def held(
    name: str, path: str = "", *, takes: str = "text", choices: tuple[str, ...] = ()
) -> Filter:
    """A filter on one value inside the object, by default where the parameter's name says."""
    return equal(name, takes, inside(path or name), choices)


CREATED = Filter("created", "created", "time")
OF_CUSTOMER = equal("customer", "customer")
OF_PRODUCT = equal("product", "product")
COLLECTED = held("collection_method", choices=("charge_automatically", "send_invoice"))
ACTIVE = held("active", takes="boolean")
