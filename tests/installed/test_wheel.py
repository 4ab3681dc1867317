"""The built wheel in a clean environment and an empty folder: the main job, and what follows.

`make test-wheel` builds it. Enters: `dist/`, the package index. The checkout is on nobody's path.
"""

import json
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest
from installed_program import clean, held, served, typed
from systemd_unit import free_port

ROOT = Path(__file__).parents[2]
DEMO = {"DATA_DIR": "data/demo"}
PATIENCE_OF_A_RUN = 300  # seconds: other load makes clocks unreliable
LAUNCH = """mutation {launchRun(executionParams: {runConfigData: {}, selector: {
  repositoryLocationName: "stripe_traits", repositoryName: "__repository__", jobName: "refresh"}})
  {... on LaunchRunSuccess {run {runId}}}}"""
STATUS = "{runsOrError {... on Runs {results {runId status}}}}"

pytestmark = pytest.mark.wheel


def test_nothing_but_our_package_stands_beside_those_of_others(
    programs: Path, package: Path, folder: Path
) -> None:
    [record] = package.parent.glob("stripe_traits-*.dist-info/RECORD")
    paths = [line.split(",")[0] for line in record.read_text().splitlines()]
    tops = {path.split("/")[0] for path in paths}
    assert tops == {"..", "stripe_traits", record.parent.name}
    assert [path for path in paths if path.startswith("..")] == ["../../../bin/stripe-traits"]
    python = [programs / "python", "-P", "-c", "import orchestration"]
    missing = subprocess.run(python, cwd=folder, env=clean(), capture_output=True, check=False)
    assert b"ModuleNotFoundError" in missing.stderr


def test_the_wheel_says_nothing_of_where_it_was_built(package: Path) -> None:
    for path in held(package):
        assert path.is_dir() or str(ROOT).encode() not in path.read_bytes(), path


def test_demo_fills_the_account_store(demo: str, folder: Path) -> None:
    assert "What to type next" in demo
    kept = folder / "data" / "demo"
    with closing(sqlite3.connect(kept / "accounts.db")) as store:
        [(sent,)] = store.execute("select count(*) from accounts")
    with duckdb.connect(str(kept / "marts.duckdb"), read_only=True) as marts:
        [(published,)] = marts.execute("select count(*) from account_traits").fetchall()
    assert sent == published > 1000


def test_the_demos_builds_need_no_rendering(demo: str, folder: Path) -> None:
    """The wheel has what dbt runs for a first build and a refresh; what it renders here is kept."""
    del demo
    assert not (folder / "data" / "demo" / "dbt" / "rendered").exists()


def test_what_is_there_can_be_asked(demo: str, programs: Path, folder: Path) -> None:
    status = typed(programs, folder, "status", "--json", **DEMO)
    assert json.loads(status.stdout)
    explained = next(line for line in demo.splitlines() if "stripe-traits explain" in line).split()
    again = typed(programs, folder, *explained[2:4], **DEMO)
    assert again.returncode == 0, again.stderr
    assert "sum a month" in again.stdout


def test_a_sync_goes_on_from_the_demo(demo: str, programs: Path, folder: Path) -> None:
    del demo
    port = free_port()
    state = ("--data", "data/demo/sandbox.db", "--port", port)
    stripe = f"http://127.0.0.1:{port}"
    settings = {**DEMO, "STRIPE_API_BASE": stripe, "ACCOUNT_ID_METADATA_KEY": "account_id"}
    settings["MULTIPLE_SUBSCRIPTIONS"] = "true"
    with served(programs, folder, f"{stripe}/sandbox", "sandbox", *state):
        done = typed(programs, folder, "sync", **settings)
    assert done.returncode == 0, done.stderr
    assert "nothing changed" in done.stdout


def test_the_report_is_served(demo: str, programs: Path, folder: Path) -> None:
    del demo
    url = f"http://127.0.0.1:{(port := free_port())}"
    with served(programs, folder, url, "report", "--port", port, **DEMO):
        assert "MRR" in httpx.get(url, trust_env=False).text


def test_dagsters_page_runs_a_job(demo: str, programs: Path, folder: Path, package: Path) -> None:
    del demo
    before = held(package)
    url = f"http://127.0.0.1:{(port := free_port())}"
    with served(programs, folder, f"{url}/server_info", "ui", "--port", port):
        run = asked(url, LAUNCH)["launchRun"]["run"]["runId"]
        ended = time.monotonic() + PATIENCE_OF_A_RUN
        while (status := statuses(url)[run]) not in ("SUCCESS", "FAILURE"):
            assert time.monotonic() < ended, status
            time.sleep(1)
    assert status == "SUCCESS", (folder / "log").read_text()
    assert held(package) == before


def asked(url: str, question: str) -> Any:
    answer = httpx.post(f"{url}/graphql", json={"query": question}, timeout=60, trust_env=False)
    return answer.json()["data"]


def statuses(url: str) -> dict[str, str]:
    runs = asked(url, STATUS)["runsOrError"]["results"]
    return {run["runId"]: run["status"] for run in runs}


def test_the_version_is_the_projects(programs: Path, folder: Path) -> None:
    assert typed(programs, folder, "--version").stdout.split() == ["stripe-traits", version()]


def test_settings_are_explained(programs: Path, folder: Path) -> None:
    shown = typed(programs, folder, "settings").stdout
    assert shown == (ROOT / ".env.example").read_text()


def version() -> str:
    [line] = [
        line
        for line in (ROOT / "pyproject.toml").read_text().splitlines()
        if line.startswith("version = ")
    ]
    return line.split('"')[1]


def test_bash_completes_commands(programs: Path, folder: Path) -> None:
    asked = {"_STRIPE_TRAITS_COMPLETE": "complete_bash", "COMP_CWORD": "1"}
    done = typed(programs, folder, **asked, COMP_WORDS="stripe-traits sy")
    assert done.stdout.split() == ["sync"]
    shell = ["/bin/bash", "-c", f"'{programs}/stripe-traits' --show-completion; exit"]
    shown = subprocess.run(
        shell, cwd=folder, env=clean(), capture_output=True, text=True, check=False
    )
    assert "_STRIPE_TRAITS_COMPLETE=complete_bash" in shown.stdout
