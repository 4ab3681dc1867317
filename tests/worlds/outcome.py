"""What a refresh left: the published marts, the account store, and what a command answers."""

import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
from pipeline import Pipeline

PROGRAM = str(Path(sys.executable).with_name("stripe-traits"))
MOMENTS = ("loaded_at", "read_at")


def published(pipeline: Pipeline) -> dict[str, list[Any]]:
    """Every mart, its rows in order, without the moments of the load."""
    with duckdb.connect(str(pipeline.settings.marts), read_only=True) as database:
        names = database.execute(
            "select table_name, list(column_name order by column_index) from duckdb_columns()"
            " where schema_name = 'main' and not internal and table_name not like 'sync_%'"
            " group by all order by 1"
        ).fetchall()
        return {
            name: database.execute(
                f"select {', '.join(c for c in columns if c not in MOMENTS)} from main.{name}"
                " order by all"
            ).fetchall()
            for name, columns in names
        }


def sent(pipeline: Pipeline) -> list[Any]:
    """Every account as the account store has it."""
    with sqlite3.connect(pipeline.settings.data_dir / "accounts.db") as database:
        return database.execute("select account_id, traits from accounts order by 1").fetchall()


def said(*words: str) -> str:
    """What a command answers with the warehouse that is set now."""
    done = subprocess.run([PROGRAM, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
