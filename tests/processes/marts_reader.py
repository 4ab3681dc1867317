"""Readers of the published copy, as analysts are: processes of their own.

DuckDB shares an opened file within a process, so each kind of reader is a program.
"""

import subprocess
import sys
from pathlib import Path

HOLDS_IT_OPEN = """
import sys
import duckdb
held = duckdb.connect(sys.argv[1], read_only=True)
for line in sys.stdin:
    print(*held.execute(sys.argv[2]).fetchone(), flush=True)
"""
OPENS_IT_AGAIN = """
import sys
import duckdb
for line in sys.stdin:
    with duckdb.connect(sys.argv[1], read_only=True) as fresh:
        print(*fresh.execute(sys.argv[2]).fetchone(), flush=True)
"""


class Reader:
    """A process that looks at the copy whenever it is asked to."""

    def __init__(self, program: str, marts: Path, query: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", program, str(marts), query],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def look(self) -> str:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("look\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def stop(self) -> int:
        assert self.process.stdin is not None
        self.process.stdin.close()
        return self.process.wait(timeout=30)
