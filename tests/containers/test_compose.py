"""compose.yaml in real containers: every service healthy, and a change of the sandbox in Postgres.

`make test-containers`. Enters: this checkout. Most of its ten minutes are for the image.
"""

import json
import time
from collections.abc import Callable, Iterator

import httpx
import pytest
import yaml
from engine import ROOT, Engine, copied

pytestmark = pytest.mark.containers

SERVICES = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
OURS = sorted(set(SERVICES) - {"postgres"})
PASSWORD, TOKEN = "hush-of-postgres", "hush-of-report"
SETTINGS = f"""\
STRIPE_API_KEY=sk_test_sandbox
STRIPE_API_BASE=http://sandbox:12110
STRIPE_WEBHOOK_SECRETS=whsec_hush
POSTGRES_PASSWORD={PASSWORD}
ACCOUNT_STORE_URL=postgresql://stripe_traits:{PASSWORD}@postgres/stripe_traits
DAGSTER_POSTGRES_URL=postgresql://stripe_traits:{PASSWORD}@postgres/stripe_traits
REPORT_TOKEN={TOKEN}
METRICS_TOKEN={TOKEN}
"""
PATIENCE = 300
CHANGE = """
import urllib.request as request
asked = request.Request(
    "http://127.0.0.1:12111/v1/customers/%s",
    data=b"name=Renamed",
    headers={"Authorization": "Bearer sk_test_sandbox"},
)
request.urlopen(asked)
"""


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    made = copied(tmp_path_factory.mktemp("checkout"))
    (made.folder / "stripe-traits.env").write_text(SETTINGS)
    made.base_images()
    made.compose("build", "code")
    made.compose("up", "--detach")
    try:
        yield made
    finally:
        made.compose("down", "--volumes")


def until(done: Callable[[], object], what: str) -> None:
    ended = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < ended, what
        time.sleep(1)


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_becomes_healthy(engine: Engine, service: str) -> None:
    until(lambda: engine.is_healthy(service), f"{service} does not become healthy")


def test_a_change_travels_from_stripe_to_the_account_store(engine: Engine) -> None:
    first = "select account_id from accounts order by account_id limit 1"
    until(lambda: _asked(engine, first), "the first import did not reach the account store")
    account = _asked(engine, first)
    engine.inside("sandbox", "python3", "-c", CHANGE % account)
    name = f"select name from accounts where account_id = '{account}'"
    until(lambda: _asked(engine, name) == "Renamed", "the change did not reach the account store")


def _asked(engine: Engine, query: str) -> str:
    psql = ["psql", "--host=/tmp", "--username=stripe_traits", "--tuples-only", "--no-align"]
    password = ["env", f"PGPASSWORD={PASSWORD}"]
    return engine.inside("postgres", *password, *psql, "-c", query, check=False).strip()


@pytest.mark.parametrize("service", OURS)
def test_a_service_is_no_root_and_cannot_write_its_root(engine: Engine, service: str) -> None:
    assert engine.inside(service, "id", "-u").strip() == "10001"
    written = "touch /opt/stripe-traits/x || touch /x || echo neither"
    assert engine.inside(service, "sh", "-c", written).strip() == "neither"
    assert "CapEff:\t0000000000000000" in engine.inside(service, "cat", "/proc/self/status")


def test_the_runs_of_dagster_are_in_postgres(engine: Engine) -> None:
    until(lambda: _asked(engine, "select count(*) from job_ticks") not in ("", "0"), "no tick")
    assert "postgres" in engine.inside("code", "cat", "/data/dagster/dagster.yaml")
    assert not engine.inside("code", "find", "/data/dagster", "-name", "runs.db")


def test_pages_are_reached_from_this_machine_with_their_tokens(engine: Engine) -> None:
    assert httpx.get("http://127.0.0.1:3000/server_info", trust_env=False).status_code == 200
    report = "http://127.0.0.1:4000/accounts"
    assert httpx.get(report, trust_env=False).status_code == 401
    token = {"token": TOKEN}
    shown = httpx.get(report, params=token, trust_env=False, follow_redirects=True)
    assert "Renamed" in shown.text
    metrics, bearer = "http://127.0.0.1:12112/metrics", {"Authorization": f"Bearer {TOKEN}"}
    assert httpx.get(metrics, trust_env=False).status_code == 401
    shown = httpx.get(metrics, headers=bearer, trust_env=False)
    assert "stripe_traits_accounts" in shown.text


def test_the_image_holds_no_setting(engine: Engine) -> None:
    [image] = json.loads(engine.podman("inspect", "stripe-traits"))
    assert image["Config"]["User"] == "stripe-traits"
    names = {line.partition("=")[0] for line in image["Config"]["Env"]}
    assert names == {"PATH", "HOME", "DATA_DIR", "DAGSTER_HOME"}
    found = engine.inside("code", "find", "/", "-xdev", "-name", "*.env", check=False)
    assert not found


def test_it_stops_and_starts_again_with_what_it_had(engine: Engine) -> None:
    before = _asked(engine, "select count(*) from accounts")
    engine.compose("restart", "live", "daemon", "code")
    for service in ("code", "daemon", "live"):
        until(lambda name=service: engine.is_healthy(name), f"{service} does not come back")
    assert _asked(engine, "select count(*) from accounts") == before
