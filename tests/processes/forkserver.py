"""Processes that are forked from one that has imported everything and done nothing.

They begin within milliseconds, where a new interpreter computes for seconds until it has read dbt,
Dagster and dlt.
"""

import multiprocessing

CONTEXT = multiprocessing.get_context("forkserver")
# What a load or a command imports on its way: all of it is there before the first one begins.
CONTEXT.set_forkserver_preload(
    [
        "ingestion.load",
        "ingestion.engines.iceberg.lake",
        "anyio._backends._asyncio",
        "chardet",
        "dlt._workspace.cli",
        "dlt.common.libs.pyarrow",
        "dlt.destinations.impl.duckdb.duck",
        "dlt.destinations.insert_job_client",
        "dlt.sources.helpers.requests",
        "encodings.idna",
        "httpcore",
        "pyarrow.compute",
        "pyarrow.parquet",
        "pydoc",
        "sqlalchemy",
        "orchestration.cli",
        "orchestration.refresh.by_stages",
        "orchestration.live.resident",
        "orchestration.pages.explain",
        "orchestration.pages.status",
        "orchestration.pages.summary",
        "dbt.adapters.duckdb",
        "matplotlib.pyplot",
    ]
)
