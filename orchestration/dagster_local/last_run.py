"""How a job's last run ended, read without Dagster, which takes a second to load.

Enters: Dagster's folder, whose runs stand in one SQLite file. Leaves: whether the last one ended
well. Where that cannot be read (no run yet, storage in another place) it is not known, hence false.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

LAST = "select status from runs where pipeline_name = ? order by id desc limit 1"


def ended_well(home: Path, job: str) -> bool:
    """Whether the last run of the job ended, and did not fail."""
    path = home / "history" / "runs.db"
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as database:
            return bool(database.execute(LAST, [job]).fetchone() == ("SUCCESS",))
    except sqlite3.Error:
        return False
