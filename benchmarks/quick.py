"""Counts of fixed work beside the expected ones: `make bench-quick`, which CI runs.

Enters: counts.json, what each phase may count. Leaves: a line for each count that is another
one, exit code 1 where one is above. Seconds are shown and decide nothing: a slow machine counts
alike.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from benchmarks.counted import CHANGES, CUSTOMERS, SEED, Counts, counted

EXPECTED = Path(__file__).with_name("counts.json")
RENEW = "make bench-quick RENEW=1"
Phases = Mapping[str, Counts]


def compared(expected: Phases, seen: Phases) -> Iterator[tuple[bool, str]]:
    """Each count that is not as expected: whether it is above, and a line for people."""
    for phase in [*expected, *(phase for phase in seen if phase not in expected)]:
        before, now = expected.get(phase, {}), seen.get(phase, {})
        for name in sorted(before.keys() | now.keys()):
            was, found = before.get(name, 0), now.get(name, 0)
            if abs(found - was) > _slack(name, was):
                more = found > was
                yield more, f"{phase}: {name}: expected {was:,}, seen {found:,}. {_remedy(more)}"


def _slack(name: str, expected: int) -> int:
    """A statement more for all is no regression, one for each account or change is, and Pythons
    differ in a module: of these a fiftieth may come or go, of all else nothing."""
    return max(5, expected // 50) if "statements" in name or "modules" in name else 0


def _remedy(more: bool) -> str:
    if more:
        return f"Find what asks for more; if it is worth it: {RENEW}, and commit counts.json"
    return f"Less work than expected: keep it so with {RENEW}, and commit counts.json"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--renew", action="store_true", help="write what is seen as expected")
    options = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        for turn in ("rendered by dbt", "by the text that dbt ran"):
            (at := Path(folder) / turn).mkdir()
            seen = counted(at)  # of the last turn: the same whatever was built here before
    took = time.monotonic() - began
    if options.renew:
        EXPECTED.write_text(json.dumps(seen, indent=1) + "\n")
        print(f"{EXPECTED}: {_size(seen)} counts written; commit it with what moved them")
        return 0
    lines = list(compared(json.loads(EXPECTED.read_text()), seen))
    for _, line in lines:
        print(line)
    above = sum(more for more, _ in lines)
    business = f"{CUSTOMERS:,} customers (seed {SEED}), {CHANGES} changes"
    print(f"{business}: {_size(seen)} counts, {above} above what is expected; {took:.0f} s")
    return 1 if above else 0


def _size(phases: Phases) -> int:
    return sum(len(counts) for counts in phases.values())


if __name__ == "__main__":
    sys.exit(main())
