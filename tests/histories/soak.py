"""Random histories for as long as one likes: `make soak SOAK_SECONDS=3600 SOAK_SEED=1`.

Enters: seconds, the first seed, at most how many. Leaves: a line now and then, each failure with
the command that repeats it, the counts of all, exit 1 if there was one. The same seed draws the
same history.
"""

import argparse
import random
import secrets
import sys
import time
from collections import Counter

from histories import drawn
from history_world import Failed
from laboratory import Laboratory
from sent_twice import NO_NEED
from stage_process import Unforeseen

SAY_EVERY = 10
ZERO = ("divergences", "webhooks lost", NO_NEED)  # what a soak is for
FAULTS = ("Stripe: ", "store: ", "webhook_", "misshapen", "unfinished")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--histories", type=int, default=sys.maxsize)
    options = parser.parse_args()
    first = secrets.randbelow(1 << 31) if options.seed is None else options.seed
    counts = _soak(first, options.histories, time.monotonic() + options.seconds)
    sys.stdout.write(f"{_told(counts)}\n{_in_short(counts)}; seeds from {first} on\n")
    sys.exit(1 if counts["failed"] else 0)


def _soak(first: int, most: int, until: float) -> Counter[str]:
    with Laboratory() as laboratory:
        counts = laboratory.counts
        counts.update(dict.fromkeys((*ZERO, "failed"), 0))
        while counts["histories"] < most and time.monotonic() < until:
            seed = first + counts["histories"]
            counts["histories"] += 1
            history = drawn(random.Random(seed))
            try:
                laboratory.run(history)
            except (Failed, Unforeseen) as error:
                counts["failed"] += 1
                sys.stdout.write(
                    f"seed {seed} failed: {history}\n{error}\n"
                    f"repeat it: make soak SOAK_SEED={seed} SOAK_HISTORIES=1\n"
                )
            if counts["histories"] % SAY_EVERY == 0:
                sys.stdout.write(f"{counts['histories']} histories, {counts['failed']} failed\n")
            sys.stdout.flush()
    return counts


def _told(counts: Counter[str]) -> str:
    return "\n".join(f"{count:>9,} {name}" for name, count in sorted(counts.items()))


def _in_short(counts: Counter[str]) -> str:
    kills = sum(count for name, count in counts.items() if name.endswith(": killed"))
    faults = sum(count for name, count in counts.items() if name.startswith(FAULTS))
    zero = ", ".join(f"{counts[name]:,} {name}" for name in ZERO)
    return f"{counts['histories']:,} histories, {kills:,} kills, {faults:,} faults: {zero}"


if __name__ == "__main__":
    main()
