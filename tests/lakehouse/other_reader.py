"""Somebody else who reads the lakehouse: DuckDB's own Iceberg extension, in a process without us.

Enters: a lakehouse, a question; the DuckDB that `make setup-lakehouse` has put into .lakehouse.
Leaves: its answer.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.lakehouse.server import BUCKET, WEED, Lakehouse

FOLDER = WEED.parents[1]
READ = """
import glob, json, os, sys
import duckdb
uri, s3, bucket, sql = sys.argv[1:]
key, secret = (os.environ[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"))
with duckdb.connect(config={"allow_unsigned_extensions": "true"}) as database:
    for name in ("avro", "httpfs", "iceberg"):
        [file] = glob.glob(f"{sys.path[0]}/duckdb_extension_{name}/extensions/*/*.duckdb_extension")
        database.execute(f"load '{file}'")
    database.execute(
        f"create secret (type s3, key_id '{key}', secret '{secret}', endpoint '{s3}',"
        " use_ssl false, url_style 'path', region 'us-east-1')"
    )
    database.execute(
        f"attach 's3://{bucket}' as lake (type iceberg, endpoint '{uri}', client_id '{key}',"
        f" client_secret '{secret}', oauth2_server_uri '{uri}/v1/oauth/tokens')"
    )
    print(json.dumps(database.execute(sql).fetchall(), default=str))
"""


def answer(house: Lakehouse, sql: str) -> list[list[Any]]:
    """What `sql` gives on `lake.marts.*`."""
    catalog = f"http://{house.address}:{house.catalog_port}"
    words = [catalog, f"{house.address}:{house.s3_port}", BUCKET, sql]
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[0] = {str(FOLDER)!r}\n{READ}", *words],
        env=house.environment,
        cwd=Path("/"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: list[list[Any]] = json.loads(done.stdout)
    return found
