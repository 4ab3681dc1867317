"""The sandbox misbehaves as it is told, judged by the official SDK where it can judge."""

import asyncio
import signal
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import stripe
from typer.testing import CliRunner

from ingestion.stripe_api.client import Client
from ingestion.stripe_api.connection import Connection
from ingestion.stripe_api.reader import ListReader, Page
from ingestion.stripe_api.streams import BY_NAME
from orchestration import cli
from sandbox import builders, options
from sandbox.http.keys import Key
from sandbox.misbehaviour.faults import KINDS, Draws, Fault, Faults, LateEvents
from sandbox.misbehaviour.limits import Limiter, Limits, Refusal, endpoint
from sandbox.server import TEST_KEY, app, run, serving
from sandbox.shapes import API_VERSION
from sandbox.storage.older import VERSIONS
from sandbox.storage.store import Store

T = 1_750_000_000
KEY = {"Authorization": f"Bearer {TEST_KEY}"}


@pytest.fixture
def store() -> Iterator[Store]:
    with Store() as made:
        for index in range(12):
            made.put(builders.customer(id=f"cus_{index:02d}", created=T + index))
        made.put(builders.invoice(id="in_a", customer="cus_00"))
        yield made


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK's own setting of its first wait before a retry."""
    from stripe._http_client import HTTPClient

    monkeypatch.setattr(HTTPClient, "INITIAL_DELAY", 0.01)
    monkeypatch.setattr(HTTPClient, "MAX_DELAY", 0.02)


def client(url: str, retries: int = 0, key: str = TEST_KEY) -> stripe.StripeClient:
    return stripe.StripeClient(key, base_addresses={"api": url}, max_network_retries=retries)


def statuses(url: str, path: str, count: int) -> list[int]:
    with httpx.Client(base_url=url, headers=KEY) as asked:
        return [asked.get(f"/v1/{path}").status_code for _ in range(count)]


def planned(kind: str, **about: Any) -> Faults:
    return Faults(plan=(Fault(kind, **about),))


def test_the_third_request_for_a_path_is_answered_503(store: Store) -> None:
    faults = planned("unavailable", path="/v1/invoices", numbers=(3,))
    with serving(store, faults=faults) as url:
        assert statuses(url, "customers", 4) == [200] * 4
        assert statuses(url, "invoices", 5) == [200, 200, 503, 200, 200]


@pytest.mark.parametrize(("kind", "status"), [("server_error", 500), ("unavailable", 503)])
def test_the_sdk_retries_what_stripe_failed_at(store: Store, kind: str, status: int) -> None:
    with serving(store, faults=planned(kind, numbers=(1, 3))) as url:
        with pytest.raises(stripe.APIError) as caught:
            client(url).v1.customers.list()
        assert (caught.value.http_status, caught.value.error.type) == (status, "api_error")
        assert client(url).v1.customers.list({"limit": 100}).data
        assert len(client(url, retries=1).v1.customers.list({"limit": 100}).data) == 12


def test_the_sdk_retries_a_lock_timeout_and_no_plain_429(store: Store) -> None:
    with serving(store, faults=planned("lock_timeout", numbers=(1, 2))) as url:
        with pytest.raises(stripe.RateLimitError) as caught:
            client(url).v1.customers.retrieve("cus_00")
        assert caught.value.error.code == "lock_timeout"
        assert "stripe-rate-limited-reason" not in caught.value.headers
        assert client(url, retries=1).v1.customers.retrieve("cus_00").id == "cus_00"
    with serving(store, faults=planned("rate_limit", numbers=(1,), seconds=7)) as url:
        with pytest.raises(stripe.RateLimitError) as caught:
            client(url, retries=3).v1.customers.list()
        assert caught.value.error.code == "rate_limit"
        assert caught.value.headers["retry-after"] == "7"
        assert caught.value.headers["stripe-rate-limited-reason"] == "global-rate"


@pytest.mark.parametrize("kind", ["reset", "truncated"])
def test_the_sdk_notices_a_broken_connection(store: Store, kind: str) -> None:
    with serving(store, faults=planned(kind, numbers=(1,))) as url:
        with pytest.raises(stripe.APIConnectionError):
            client(url).v1.customers.list()
        assert len(client(url).v1.customers.list({"limit": 100}).data) == 12
    with serving(store, faults=planned("reset", numbers=(1,))) as url:
        assert client(url, retries=1).v1.customers.retrieve("cus_01").id == "cus_01"


def test_a_broken_connection_is_broken_in_its_own_way(store: Store) -> None:
    plan = (Fault("reset", numbers=(1,)), Fault("truncated", numbers=(2,)))
    with serving(store, faults=Faults(plan=plan)) as url:
        with pytest.raises(httpx.ReadError):
            httpx.get(f"{url}/v1/customers", headers=KEY)
        with httpx.stream("GET", f"{url}/v1/customers", headers=KEY) as answer:
            assert answer.status_code == 200
            with pytest.raises(httpx.RemoteProtocolError):
                answer.read()
        assert httpx.get(f"{url}/v1/customers", headers=KEY).json()["object"] == "list"


def test_answers_are_as_slow_as_they_are_told(store: Store) -> None:
    faults = Faults(latency=0.1, plan=(Fault("slow", numbers=(2,), seconds=0.3),))
    with serving(store, faults=faults) as url, httpx.Client(base_url=url, headers=KEY) as asked:
        times = []
        for _ in range(3):
            start = time.perf_counter()
            asked.get("/v1/customers/cus_00")
            times.append(time.perf_counter() - start)
    assert times[0] >= 0.1
    assert times[1] >= 0.4
    assert times[2] >= 0.1


def test_too_many_requests_for_one_endpoint_are_turned_away(store: Store) -> None:
    limits = Limits(test=None, per_endpoint=3)
    with serving(store, faults=Faults(limits=limits)) as url:
        found = Counter(statuses(url, "customers", 12))
        assert found[429] > 0
        assert found[200] >= 3
        assert client(url).v1.customers.retrieve("cus_00").id == "cus_00"
        assert set(statuses(url, "invoices", 4)) == {200, 429}
        with pytest.raises(stripe.RateLimitError) as caught:
            client(url).v1.invoices.list()
        headers = caught.value.headers
        assert headers["stripe-rate-limited-reason"] == "endpoint-rate"
        assert headers["retry-after"] == "1"
        assert caught.value.error.type == "invalid_request_error"


def test_the_header_that_stripe_does_not_promise_can_be_left_out(store: Store) -> None:
    limits = Limits(test=1, retry_after=False)
    with serving(store, faults=Faults(limits=limits)) as url:
        answers = [httpx.get(f"{url}/v1/customers", headers=KEY) for _ in range(3)]
        refused = next(answer for answer in answers if answer.status_code == 429)
        assert refused.headers["stripe-rate-limited-reason"] == "global-rate"
        assert "retry-after" not in refused.headers


def refusals(limiter: Limiter, paths: list[str], *, live: bool = False) -> list[Refusal | None]:
    result = []
    for path in paths:
        name = endpoint("GET", path)
        result.append(limiter.begin(name, live=live))
        if result[-1] is None:
            limiter.end(name, live=live)
    return result


def test_the_documented_limits_are_the_default() -> None:
    limiter = Limiter(Limits(), lambda: 0.0)
    tables = ("customers", "invoices", "prices", "events", "products")
    test = refusals(limiter, [f"/v1/{name}" for name in tables for _ in range(6)])
    assert [found and found.reason for found in test] == [None] * 25 + ["global-rate"] * 5
    live = refusals(limiter, [f"/v1/{name}" for name in tables for _ in range(26)], live=True)
    by_endpoint = [None] * 25 + ["endpoint-rate"]
    all_used = [None] * 25 + ["global-rate"] * 27
    assert [found and found.reason for found in live] == by_endpoint * 3 + all_used


def test_a_limit_is_lifted_when_it_said() -> None:
    moment = [0.0]
    limiter = Limiter(Limits(test=None, per_endpoint=0.25), lambda: moment[0])
    paths = ["/v1/customers/cus_a", "/v1/customers/cus_b", "/v1/customers"]
    assert refusals(limiter, paths) == [None, Refusal("endpoint-rate", 4), None]
    moment[0] = 3.9
    assert refusals(limiter, paths[1:2]) == [Refusal("endpoint-rate", 1)]
    moment[0] = 4.0
    assert refusals(limiter, paths[1:2]) == [None]


def test_so_many_requests_run_at_once() -> None:
    limiter = Limiter(Limits(at_once=2, at_once_per_endpoint=1), lambda: 0.0)
    assert limiter.begin("a", live=False) is None
    assert limiter.begin("a", live=False) == Refusal("endpoint-concurrency", 1)
    assert limiter.begin("b", live=False) is None
    assert limiter.begin("c", live=False) == Refusal("global-concurrency", 1)
    assert limiter.begin("c", live=True) is None
    limiter.end("a", live=False)
    assert limiter.begin("c", live=False) is None


def test_the_same_seed_gives_the_same_faults_whatever_else_is_asked() -> None:
    plan = (Fault("unavailable", probability=0.3),)
    paths = [f"/v1/customers/cus_{index}" for index in range(50)] * 3

    def hit(seed: int, order: list[str]) -> Counter[str]:
        draws = Draws(Faults(seed=seed, plan=plan))
        return Counter(path for path in order if draws.next("GET", path))

    assert hit(1, paths) == hit(1, paths[::-1]) == hit(1, sorted(paths))
    assert hit(1, paths) != hit(2, paths)
    assert 25 < hit(1, paths).total() < 65


def test_a_walk_through_faults_finds_everything(store: Store) -> None:
    plan = tuple(Fault(kind, probability=0.15) for kind in ("reset", "truncated", "unavailable"))
    with serving(store, faults=Faults(seed=5, plan=plan)) as url:
        asked = client(url, retries=10)
        walked = [one.id for one in asked.v1.customers.list({"limit": 1}).auto_paging_iter()]
    assert walked == [f"cus_{index:02d}" for index in range(11, -1, -1)]


def test_ingestion_reads_through_every_fault(store: Store) -> None:
    kinds = ("rate_limit", "lock_timeout", "server_error", "reset", "truncated")
    plan = tuple(Fault(kind, numbers=(1,), seconds=0) for kind in kinds)
    found: list[str] = []

    async def emit(page: Page) -> None:
        found.extend(one["id"] for one in page.objects)

    async def read(url: str) -> None:
        async with Client(Connection(TEST_KEY, url, API_VERSION)) as asked:
            await ListReader(asked, BY_NAME["customers"], emit).read()

    with serving(store, faults=Faults(plan=plan)) as url:
        asyncio.run(read(url))
    assert sorted(found) == [f"cus_{index:02d}" for index in range(12)]


def test_an_object_is_deleted_while_its_list_is_being_paged(store: Store) -> None:
    faults = planned("delete_next", path="/v1/customers", numbers=(2,))
    with serving(store, faults=faults) as url:
        page = client(url).v1.customers.list({"limit": 3})
        assert [one.id for one in page.auto_paging_iter()] == [
            f"cus_{index:02d}" for index in (11, 10, 9, 8, 7, 6, 4, 3, 2, 1, 0)
        ]
    assert store.deleted("customer", "cus_05")
    gone = list(store.objects("event"))[-1]
    assert gone["type"] == "customer.deleted"


def test_the_object_that_a_cursor_names_is_deleted(store: Store) -> None:
    faults = planned("delete_last", path="/v1/customers", numbers=(1,))
    with serving(store, faults=faults) as url:
        page = client(url).v1.customers.list({"limit": 3})
        with pytest.raises(stripe.InvalidRequestError) as caught:
            list(page.auto_paging_iter())
    assert (caught.value.code, caught.value.param) == ("resource_missing", "starting_after")


def shown(url: str) -> set[str]:
    page = client(url).v1.events.list({"limit": 100})
    return {event.id for event in page.auto_paging_iter()}


def made(store: Store, type_: str = "") -> set[str]:
    return {one["id"] for one in store.objects("event") if type_ in ("", one["type"])}


def test_events_show_up_in_the_feed_when_they_are_released(store: Store) -> None:
    late = LateEvents(types=("invoice.*",))
    with serving(store, faults=Faults(late_events=late)) as url:
        assert shown(url) == made(store, "customer.created")
        hidden = next(iter(made(store, "invoice.paid")))
        assert client(url).v1.events.retrieve(hidden).id == hidden
        assert httpx.post(f"{url}/sandbox/release", headers=KEY).status_code == 200
        assert shown(url) == made(store)
        store.put(builders.invoice(id="in_b", customer="cus_00", created=T + 99))
        assert made(store) - shown(url) == {
            one["id"] for one in store.objects("event") if one["created"] == T + 99
        }
        assert httpx.post(f"{url}/sandbox/release").status_code == 401


def test_events_show_up_late_by_the_time_of_the_sandbox(store: Store) -> None:
    with serving(store, faults=Faults(late_events=LateEvents(seconds=300))) as url:
        store.update("customer", "cus_00", {"name": "A"}, now=T + 1000)
        assert made(store) - shown(url) == made(store, "customer.updated")
        store.update("customer", "cus_01", {"name": "B"}, now=T + 1299)
        assert made(store) - shown(url) == made(store, "customer.updated")
        store.update("customer", "cus_01", {"email": "b@example.com"}, now=T + 1300)
        hidden = made(store) - shown(url)
        assert hidden == made(store, "customer.updated") - {
            one["id"] for one in store.objects("event") if one["created"] == T + 1000
        }


def test_a_part_of_the_events_is_late_by_the_seed(store: Store) -> None:
    for index in range(100):
        store.update("customer", "cus_00", {"name": f"N{index}"}, now=T + 100 + index)

    def late(seed: int) -> set[str]:
        faults = Faults(seed=seed, late_events=LateEvents(probability=0.4))
        with serving(store, faults=faults) as url:
            return made(store) - shown(url)

    assert late(1) == late(1)
    assert late(1) != late(2)
    assert 25 < len(late(1)) < 70


def test_a_fault_that_cannot_be_is_refused_with_what_there_is() -> None:
    with pytest.raises(ValueError, match=f"there are {', '.join(KINDS)}"):
        Fault("explosion", numbers=(1,))
    with pytest.raises(ValueError, match="either numbers or a probability"):
        Fault("reset")
    with pytest.raises(ValueError, match=r"probability 2 is not 0 to 1"):
        Fault("reset", probability=2)
    with pytest.raises(ValueError, match=r"limits.test is 0"):
        Limits(test=0)


def test_without_faults_nothing_stands_between(store: Store) -> None:
    assert type(app(store)).__name__ == "Starlette"
    assert type(app(store, faults=Faults(late_events=LateEvents()))).__name__ == "Starlette"


def test_run_takes_the_same_settings() -> None:
    before, seen = signal.getsignal(signal.SIGTERM), []
    faults, key = (
        planned("unavailable", numbers=(2,)),
        Key("rk_test_a", reads=frozenset({"events"})),
    )

    def ready(url: str) -> None:
        seen.extend(statuses(url, "customers", 3))
        seen.append(httpx.get(f"{url}/v1/events", auth=("rk_test_a", "")))
        raise KeyboardInterrupt

    try:
        run(
            customers=3, seed=1, now=T, faults=faults, keys=[key], api_version=VERSIONS[0],
            on_ready=ready,
        )  # fmt: skip
    finally:
        signal.signal(signal.SIGTERM, before)
    assert seen[:3] == [200, 503, 200]
    assert seen[3].headers["stripe-version"] == VERSIONS[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("unavailable /v1/invoices #3", Fault("unavailable", "/v1/invoices", numbers=(3,))),
        ("slow GET /v1/customers* 5% 2s", Fault("slow", "/v1/customers*", "GET", (), 0.05, 2.0)),
        ("reset 0.5%", Fault("reset", probability=0.005)),
        ("rate_limit #1,4 7s", Fault("rate_limit", numbers=(1, 4), seconds=7.0)),
    ],
)
def test_a_command_line_can_say_a_fault(text: str, expected: Fault) -> None:
    assert options.fault(text) == expected


@pytest.mark.parametrize("text", ["", "explosion #1", "reset", "reset #1 5%", "reset often"])
def test_a_fault_that_is_not_understood_is_refused_with_how_to_write_it(text: str) -> None:
    with pytest.raises(ValueError, match=f"fault '{text}'.*write KIND"):
        options.fault(text)


def test_a_command_line_can_say_a_key() -> None:
    assert options.key("sk_live_a") == Key("sk_live_a")
    expected = Key("rk_test_a", frozenset({"customers"}), frozenset({"events"}))
    assert options.key("rk_test_a:customers,+events") == expected


def test_the_command_line_says_everything_at_once() -> None:
    said = {"seed": 3, "keys": ["sk_live_a"], "api_version": None, "latency": 0.5, "limits": True}
    settings = options.settings(faults=["reset 1%"], **said)
    expected = Faults(3, 0.5, plan=(Fault("reset", probability=0.01),), limits=Limits())
    assert (settings.faults, settings.keys) == (expected, (Key("sk_live_a"),))
    with pytest.raises(options.WrongOption, match=r"2019-01-01.*serves 2022-11-15"):
        options.settings(faults=[], **said | {"api_version": "2019-01-01"})


def test_the_command_refuses_what_it_does_not_understand() -> None:
    ended = CliRunner().invoke(cli.app, ["sandbox", "--port", "0", "--fault", "reset often"])
    assert ended.exit_code == 2
    assert "'often' is not understood; write KIND" in ended.stderr
