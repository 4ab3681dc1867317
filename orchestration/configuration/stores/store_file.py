"""`stores.yml`: the account stores beside the one of ACCOUNT_STORE_URL, as data to be reviewed.

Enters: the file's data. Leaves: definitions by name, and what is wrong, each with the way to it in
the file. No file means no further store.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from orchestration.configuration.environment import WrongSettings
from orchestration.configuration.stores.store_definition import StoreDefinition
from orchestration.user_files.yaml_lines import syntax_error

MOST_BYTES = 1 << 20
NAME = re.compile(r"[a-z][a-z0-9_]{0,30}")
SHAPE = "write 'stores:' and below it each store by its name"
# For what pydantic says of itself in a programmer's words.
REMEDIES = {
    "extra_forbidden": "is no key of a store: docs/operations.md lists them",
    "tuple_type": "write a list, such as [one, other]",
    "string_too_short": "write at least one character",
}


@dataclass(frozen=True)
class Wrong:
    """`at` is the way to it by keys and numbers."""

    at: tuple[str | int, ...]
    text: str


@dataclass
class Stores:
    """What the file says, as far as it can be read."""

    defined: dict[str, StoreDefinition] = field(default_factory=dict)
    wrong: list[Wrong] = field(default_factory=list)


def read(path: Path) -> Mapping[str, StoreDefinition]:
    """Raises WrongSettings, a line for each thing that is wrong."""
    if not path.exists():
        return {}
    try:
        if path.stat().st_size > MOST_BYTES:
            raise WrongSettings(f"{path}: more than {MOST_BYTES >> 20} MiB: make it shorter")
        text = path.read_text(encoding="utf-8")
        if wrong := syntax_error(text):
            raise WrongSettings(f"{path}:{wrong[0]}: {wrong[1]}")
        found = stores(yaml.safe_load(text))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        why = getattr(error, "problem", None) or getattr(error, "strerror", None) or "no YAML"
        raise WrongSettings(f"{path}: {why}; 'stripe-traits check' names the line") from None
    if found.wrong:
        told = (f"{path}: {'.'.join(map(str, one.at))}: {one.text}" for one in found.wrong)
        raise WrongSettings("\n".join(told))
    return found.defined


def stores(data: Any) -> Stores:
    """An empty file defines none."""
    found = Stores()
    if data is None:
        return found
    named = data.get("stores") if isinstance(data, dict) else None
    if not isinstance(named, dict) or len(data) != 1:
        return Stores(wrong=[Wrong((), SHAPE)])
    for name, given in named.items():
        _define(found, name, {} if given is None else given)
    return found


def _define(found: Stores, name: Any, given: Any) -> None:
    if not isinstance(name, str) or not NAME.fullmatch(name):
        text = (
            "a store's name is made of a to z, 0 to 9 and _, at most 31, and begins with a letter"
        )
        found.wrong.append(Wrong(("stores", str(name)), text))
        return
    try:
        found.defined[name] = StoreDefinition.model_validate(given)
    except ValidationError as error:
        found.wrong += _wrong(name, error)


def _wrong(name: str, error: ValidationError) -> Iterator[Wrong]:
    for problem in error.errors(include_url=False, include_input=False):
        way = tuple(part for part in problem["loc"] if part != "[key]")
        text = REMEDIES.get(problem["type"], problem["msg"]).removeprefix("Value error, ")
        yield Wrong(("stores", name, *way), text)
