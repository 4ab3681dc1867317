"""Random histories for as long as one likes: `make soak SOAK_SECONDS=3600 SOAK_SEED=1`.

Enters: seconds, the first seed, at most how many. Leaves: a line now and then, each failure with
the command that repeats it, exit 1 if there was one. The same seed is the same history.
"""

import argparse
import random
import secrets
import sys
import time
from collections import Counter

from histories import Failed, Laboratory, drawn
from load_process import Hangs

SAY_EVERY = 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--histories", type=int, default=sys.maxsize)
    options = parser.parse_args()
    first = secrets.randbelow(1 << 31) if options.seed is None else options.seed
    counts = _soak(first, options.histories, time.monotonic() + options.seconds)
    sys.stdout.write(f"{_told(counts)}; seeds from {first} on\n")
    sys.exit(1 if counts["failed"] else 0)


def _soak(first: int, most: int, until: float) -> Counter[str]:
    counts: Counter[str] = Counter()
    with Laboratory() as laboratory:
        while counts["histories"] < most and time.monotonic() < until:
            seed = first + counts["histories"]
            counts["histories"] += 1
            history = drawn(random.Random(seed))
            counts.update(step.name for step in history.steps)
            try:
                laboratory.run(history)
            except (Failed, Hangs) as error:
                counts["failed"] += 1
                sys.stdout.write(
                    f"seed {seed} failed: {history}\n{error}\n"
                    f"repeat it: make soak SOAK_SEED={seed} SOAK_HISTORIES=1\n"
                )
            if counts["histories"] % SAY_EVERY == 0:
                sys.stdout.write(f"{_told(counts | laboratory.ends)}\n")
            sys.stdout.flush()
    return counts | laboratory.ends


def _told(counts: Counter[str]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in sorted(counts.items()))


if __name__ == "__main__":
    main()
