"""Everything that users feel, measured in one go: `make bench`. Writes docs/benchmarks.md.

Enters: --only (parts), --large (the sizes that take hours), --note (what else the machine did).
Leaves: docs/benchmarks.md, of the parts that were run (the others stay as they were measured
before). Each part is a program of its own and says on standard error how it goes on.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.report import PARTS, Part, conditions, written

KEPT = Path(__file__).with_name("measured.json")  # what the page is made of
PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"


def run(part: Part, *, large: bool, note: str) -> dict[str, object]:
    """One part: what it measured, how it was asked, and under which conditions."""
    command = [*part.command, *(part.large if large else ())]
    print(f"== {part.title}: python {' '.join(command)}", file=sys.stderr, flush=True)
    before, began = conditions(), time.monotonic()
    done = subprocess.run(
        [sys.executable, *command, "--json"], stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode not in (0, 1):
        raise SystemExit(f"{part.title} failed with exit code {done.returncode}")
    return {
        "command": f"python {' '.join(command)}",
        "conditions": before | {"note": note, "minutes": (time.monotonic() - began) / 60},
        "told": json.loads(done.stdout.strip().splitlines()[-1]),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    usual = [name for name, part in PARTS.items() if not part.named]
    parser.add_argument("--only", nargs="+", choices=PARTS, default=usual)
    parser.add_argument("--large", action="store_true", help="up to a million customers: hours")
    parser.add_argument("--note", default="", help="written beside what is measured")
    options = parser.parse_args()
    for name in options.only:
        measured = run(PARTS[name], large=options.large, note=options.note)
        found = json.loads(KEPT.read_text()) if KEPT.exists() else {}
        found[name] = measured
        KEPT.write_text(json.dumps(found, indent=1) + "\n")
        PAGE.write_text(written(found))
    print(f"{PAGE} written")


if __name__ == "__main__":
    main()
