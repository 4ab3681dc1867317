"""What is landed in a lake, read where it is: for a decision about what a build has to do.

Enters: a lake. Leaves: a connection that reads what the models of a file would.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from ingestion.engines import Engine
from ingestion.landing import TABLES
from orchestration.project import PROJECT

FX_RATES = PROJECT / "transform" / "seeds" / "fx_rates.csv"
RATES = f"""
create schema seeds;
create view seeds.fx_rates as from read_csv('{FX_RATES}', header = true, columns = {{
    'date': 'date', 'from_currency': 'varchar', 'to_currency': 'varchar', 'rate': 'decimal(18, 10)'
}})
"""


@contextmanager
def landed(lake: Engine) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that reads `stripe.*` and `seeds.fx_rates`."""
    with lake.reading(*(table.name for table in TABLES)) as database:
        database.execute(RATES)
        yield database
