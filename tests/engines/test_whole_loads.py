"""Which loads are whole, said in a catalog: also by a version that knew of no loaders."""

import json
from pathlib import Path

from pyiceberg.catalog.sql import SqlCatalog

from ingestion.engines.iceberg.whole_loads import EMPTY, LOADS, WholeLoads

MARK = {"at": "2026-01-01T00:00:00+00:00", "snapshots": {"customers": 7}}


def test_what_an_older_version_said_is_whole_stays_so(tmp_path: Path) -> None:
    catalog = SqlCatalog(
        "lake", uri=f"sqlite:///{tmp_path}/catalog.db", warehouse=f"file://{tmp_path}"
    )
    catalog.create_namespace(LOADS[0])
    catalog.create_table(LOADS, EMPTY, properties={"whole.acct_1": json.dumps(MARK)})
    loads = WholeLoads(catalog)
    assert loads.snapshots() == {"acct_1": {"customers": 7}}
    loads.claim("acct_1", "first")
    loads.claim("acct_1", "second")
    assert loads.snapshots() == {"acct_1": {"customers": 7}}, "until the second one's is whole"
