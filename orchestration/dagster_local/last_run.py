"""How each job's last run ended, read without Dagster, which takes a second to load.

Enters: Dagster's folder, whose runs stand in one SQLite file, or DAGSTER_POSTGRES_URL. Leaves:
whether the last one ended well, and when. Where that cannot be read (no run yet, a server that is
away, storage in another place) it is not known.
"""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

SECONDS = 3  # for a server that is away: who asks for metrics waits
LAST = "select status from runs where pipeline_name = ? order by id desc limit 1"
ENDED = """
select pipeline_name, end_time, status = 'SUCCESS' from runs where id in (
    select max(id) from runs where status in ('SUCCESS', 'FAILURE') group by pipeline_name
) and end_time is not null order by pipeline_name
"""


@dataclass(frozen=True)
class EndedRun:
    """The last run of a job that ended by itself, well or not; `ended_at` is aware UTC."""

    job: str
    ended_at: datetime
    ok: bool


def ended_well(home: Path, job: str) -> bool:
    """Whether the last run of the job ended, and did not fail."""
    return _rows(home, LAST, job) == [("SUCCESS",)]


def ended_runs(home: Path, postgres_url: str | None = None) -> list[EndedRun]:
    """By job; none where it is not known."""
    rows = _rows_of_postgres(postgres_url, ENDED) if postgres_url else _rows(home, ENDED)
    return [EndedRun(job, datetime.fromtimestamp(ended, UTC), bool(ok)) for job, ended, ok in rows]


def _rows_of_postgres(url: str, query: str) -> list[Any]:
    import psycopg

    plain = url.replace("postgresql+psycopg2:", "postgresql:", 1)
    try:
        with psycopg.connect(plain, connect_timeout=SECONDS) as database:
            return database.execute(query.encode()).fetchall()
    except psycopg.Error:
        return []


def _rows(home: Path, query: str, *values: str) -> list[Any]:
    path = (home / "history" / "runs.db").absolute()
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as database:
            return database.execute(query, values).fetchall()
    except sqlite3.Error:
        return []
