"""The traits that the models send, and the decimals of currencies, as the seeds have them.

Leaves: names as the account store has them. A map's keys are not among them.
"""

import csv
from collections.abc import Iterator, Mapping
from functools import cache

from orchestration.project import PROJECT
from reverse_sync.values.traits import NAMESPACE

SEEDS = PROJECT / "transform" / "seeds"
SEGMENTS = f"{NAMESPACE}segments"
MONEY = "major units of "


@cache
def known_traits() -> frozenset[str]:
    """Of both modes."""
    return frozenset(_name(row) for row in _rows("traits") if row["type"] != "map") | {SEGMENTS}


@cache
def money_traits() -> frozenset[str]:
    """Those that hold amounts, in major units."""
    return frozenset(_name(row) for row in _rows("traits") if row["unit"].startswith(MONEY))


@cache
def decimals() -> Mapping[str, int]:
    """By currency."""
    return {row["currency"]: int(row["exponent"]) for row in _rows("currency_exponents")}


def _name(row: Mapping[str, str]) -> str:
    return NAMESPACE + row["trait_key"]


def _rows(seed: str) -> Iterator[Mapping[str, str]]:
    with (SEEDS / f"{seed}.csv").open(newline="") as file:
        yield from csv.DictReader(file)
