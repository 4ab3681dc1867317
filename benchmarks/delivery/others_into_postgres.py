"""drt and dlt on the rows that the reverse-sync gets: upserts of the same accounts into Postgres.

Enters: a folder with `marts.duckdb`, a database. Leaves: their tables `by_drt` and `by_dlt`. They
get a virtual environment of their own. Ours plans, keeps an outbox, sends what differs, decides
lifecycles and remembers each reply; these upsert rows.
"""

import subprocess
import sys
from pathlib import Path

import psycopg

OTHERS = ("drt-core[duckdb,postgres]", "dlt[postgres]==1.31.*", "duckdb==2.0.0", "pyarrow")
DLT = """
import sys, dlt, duckdb
folder = sys.argv[1]
with duckdb.connect(f"{folder}/marts.duckdb", read_only=True) as marts:
    rows = marts.execute(
        "select account_id, name, traits::varchar as traits from marts.account_traits"
    ).to_arrow_table()
pipeline = dlt.pipeline(
    "benchmark", destination="postgres", dataset_name="by_dlt", pipelines_dir=f"{folder}/dlt"
)
upsert = {"disposition": "merge", "strategy": "upsert"}
pipeline.run(
    dlt.resource(rows, name="accounts", write_disposition=upsert, primary_key="account_id")
)
"""
DRT = {
    "drt_project.yml": "name: benchmark\nprofile: default\n",
    ".drt/profiles.yml": "default:\n  type: duckdb\n  database: {folder}/marts.duckdb\n",
    "syncs/accounts.yml": """\
name: accounts
model: select account_id, name, traits::varchar as traits from marts.account_traits
destination:
  type: postgres
  connection_string_env: TARGET
  table: public.by_drt
  upsert_key: [account_id]
sync:
  mode: upsert
  batch_size: 2000
""",
}


def install_others(folder: Path) -> Path:
    """drt and dlt in a virtual environment of their own; its folder of programs."""
    subprocess.run([sys.executable, "-m", "venv", str(folder / "others")], check=True)
    pip = [str(folder / "others/bin/pip"), "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, *OTHERS], check=True, stderr=subprocess.DEVNULL)
    return folder / "others/bin"


def with_dlt(folder: Path, url: str, programs: Path) -> None:
    held = psycopg.conninfo.conninfo_to_dict(url)
    # A socket's folder is no host name: libpq takes it from the query.
    credentials = f"postgresql://{held['user']}:none@localhost/{held['dbname']}?host={held['host']}"
    environment = {
        "DESTINATION__POSTGRES__CREDENTIALS": credentials,
        "RUNTIME__DLTHUB_TELEMETRY": "false",
    }
    run_other([str(programs / "python"), "-c", DLT, str(folder)], folder, environment)


def with_drt(folder: Path, url: str, programs: Path) -> None:
    for name, text in DRT.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text.format(folder=folder))
    run = [str(programs / "drt"), "run", "--select", "accounts"]
    run_other(run, folder, {"TARGET": url, "DO_NOT_TRACK": "1", "NO_COLOR": "1"})


def run_other(command: list[str], folder: Path, environment: dict[str, str]) -> None:
    finished = subprocess.run(
        command,
        cwd=folder,
        env={"HOME": str(folder), **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if finished.returncode:
        raise SystemExit(f"{command[0]} failed: {(finished.stdout + finished.stderr)[-2000:]}")
