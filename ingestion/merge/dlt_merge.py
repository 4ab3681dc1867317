"""One merge through dlt: batches of rows into the landing tables, all of them or none.

Enters: batches, the engine that holds the tables, the folder of dlt's state. Leaves: merged rows,
no file of dlt's with customers' data, and what a read raised as it was raised.
"""

import logging
import shutil
from collections.abc import Iterator
from pathlib import Path

import dlt
from dlt.pipeline.exceptions import PipelineStepFailed

from ingestion.engines import Engine
from ingestion.engines.guard import SCHEMA
from ingestion.landing import TABLES
from ingestion.merge.batches import Batch
from ingestion.merge.dlt_settings import look_quickly
from ingestion.merge.load_failed import cause_of
from ingestion.merge.memory import give_back
from ingestion.merge.source import stripe


def merge(found: Iterator[Batch], engine: Engine, state: Path) -> dict[str, int]:
    """Merge batches; rows by table. Raises what reading them raised, LoadFailed."""
    pipeline = _ready(engine, state)
    try:
        pipeline.run(stripe(found, engine.hints), loader_file_format="parquet")
    except PipelineStepFailed as error:
        raise cause_of(error) from None
    finally:
        _drop_loaded_packages(state)
        give_back()
    trace = pipeline.last_trace
    counts = trace.last_normalize_info.row_counts if trace and trace.last_normalize_info else {}
    return {table.name: counts.get(table.name, 0) for table in TABLES}


def _ready(engine: Engine, state: Path) -> dlt.Pipeline:
    """What an interrupted load left behind is read again; its cursor never moved."""
    pipeline = _pipeline(engine, state)
    # What it raises is told once, in one line; its own log adds tracebacks.
    logging.getLogger("dlt").setLevel(logging.CRITICAL)
    try:
        pipeline.abort_packages()
    except FileNotFoundError:  # it was killed while dlt made its folders
        pipeline = pipeline.drop()
    _drop_loaded_packages(state)  # or when it was done: dlt's next package may have its name
    return pipeline


def _pipeline(engine: Engine, state: Path) -> dlt.Pipeline:
    look_quickly()
    return dlt.pipeline(
        "stripe_traits",
        destination=engine.destination(),
        dataset_name=SCHEMA,
        pipelines_dir=str(state),
    )


def _drop_loaded_packages(state: Path) -> None:
    """dlt keeps what it has loaded as plain files: customers' data, again at each load."""
    for loaded in state.glob("*/load/loaded/*"):
        shutil.rmtree(loaded, ignore_errors=True)
