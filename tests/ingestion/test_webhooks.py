"""The webhook receiver over real HTTP: what is answered, what is on disk, what survives."""

import json
import resource
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Any

import duckdb
import httpx
import orjson
import pytest
from full_disk import disk_at
from local_stripe import DAY, NOW, LocalStripe
from misshapen_events import misshapen_events
from receiver_thread import receiving_in_thread
from stripe import WebhookSignature
from webhook_receiver import PROGRAM, ROLLED, SECRET, Receiver, event, receiving, signed

from ingestion.inbox.cursors import LIVEMODE
from ingestion.inbox.events_db import Inbox
from ingestion.stripe_api.reader import utc_now
from ingestion.webhooks import connections
from ingestion.webhooks.app import MOST_BYTES
from ingestion.webhooks.registered import compared
from ingestion.webhooks.rules import RENEW_SECONDS
from sandbox import builders
from sandbox.billing import transitions

ROOT = Path(__file__).parents[2]
VERSION = "2026-10-28.endive"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Receiver]:
    """One process for all tests that leave it as it was."""
    with receiving(tmp_path_factory.mktemp("receiver") / "data") as receiver:
        yield receiver


def test_signed_event_is_on_disk_when_it_is_answered(shared: Receiver) -> None:
    assert shared.deliver(event(1)) == (200, "new")
    assert shared.query(
        "select type, created, object_id, done_at from events join pointers on event_id = id"
        " where id = 'evt_1'"
    ) == [("customer.updated", NOW, "cus_1", None)]
    assert shared.deliver(event(1)) == (200, "repeated")
    assert (shared.folder / "events.db").stat().st_mode & 0o777 == 0o600


def test_both_secrets_are_accepted_while_one_is_rolled(shared: Receiver) -> None:
    assert shared.deliver(event(10), SECRET) == (200, "new")
    assert shared.deliver(event(11), ROLLED) == (200, "new")
    body = orjson.dumps(event(12))
    old, new = (signed(body, secret)["Stripe-Signature"] for secret in (ROLLED, "whsec_other"))
    both = f"{new},v1={old.partition('v1=')[2]}"
    assert shared.post(body, {"Stripe-Signature": both}).status_code == 200


def bad_headers() -> dict[str, bytes]:
    body, now = orjson.dumps(event(20)), int(time.time())
    good = WebhookSignature.generate_signature_header(body.decode(), SECRET)
    return {
        "none": b"",
        "another secret": signed(body, "whsec_wrong")["Stripe-Signature"].encode(),
        "too old": signed(body, at=now - 301)["Stripe-Signature"].encode(),
        "of the future": signed(body, at=now + 360)["Stripe-Signature"].encode(),
        "test scheme only": good.replace("v1=", "v0=").encode(),
        "no time": good.partition(",")[2].encode(),
        "nonsense": b"t=,v1",
        "not ASCII": good.partition("v1=")[0].encode() + "v1=ü".encode(),
        "of another body": signed(orjson.dumps(event(21)))["Stripe-Signature"].encode(),
    }


@pytest.mark.parametrize("kind", bad_headers())
def test_bad_signature_is_refused_and_leaves_nothing(shared: Receiver, kind: str) -> None:
    answer = shared.client.post(
        shared.url,
        content=orjson.dumps(event(20)),
        headers=[(b"Stripe-Signature", bad_headers()[kind])],
    )
    assert (answer.status_code, answer.json()["outcome"]) == (400, "bad_signature")
    assert "evt_20" not in shared.logged()


def test_body_that_is_no_text_is_a_bad_signature(shared: Receiver) -> None:
    assert shared.post(b"\xff\xfe", signed(b"x")).status_code == 400


def test_long_bodies_are_refused_before_they_are_read(shared: Receiver) -> None:
    body = b"x" * (MOST_BYTES + 1)
    assert shared.post(body, signed(body)).status_code == 413
    in_chunks = httpx.post(shared.url, content=iter([body]), headers=signed(body), trust_env=False)
    assert in_chunks.status_code == 413


def test_one_path_takes_deliveries_and_only_by_post(shared: Receiver) -> None:
    assert shared.client.get(shared.url).status_code == 405
    assert shared.client.post(shared.url + "/other").status_code == 404
    health = shared.client.get(shared.url.replace("/webhooks", "/health"))
    assert health.status_code == 200
    assert health.json()["ok"] is True


def test_unknown_event_type_is_answered_counted_and_kept(shared: Receiver) -> None:
    assert shared.deliver(event(30, type="tax.rate.updated")) == (200, "unknown_type")
    assert "evt_30" in shared.logged()
    assert shared.query("select * from pointers where event_id = 'evt_30'") == []
    counts = shared.client.get(shared.url.replace("/webhooks", "/health")).json()["counts"]
    assert counts["unknown_type"] == 1


def test_signed_body_that_is_no_event_is_answered_once(shared: Receiver) -> None:
    """An error would bring the same body again for three days."""
    thin = {"id": "evt_t", "object": "v2.core.event", "type": "v1.x", "created": "2026-01-01"}
    for found in (thin, [1]):
        assert shared.deliver(found) == (200, "no_event")
    assert "evt_t" not in shared.logged()


def test_misshapen_events_fail_alone(shared: Receiver) -> None:
    """At once with sound ones, which share their commits."""
    wrong = misshapen_events()
    mixed = [one for pair in zip(wrong, map(event, range(300, 400)), strict=False) for one in pair]
    with ThreadPoolExecutor(len(mixed)) as pool:
        answers = list(pool.map(shared.deliver, mixed))
    assert set(answers[::2]) == {(400, "misshapen")}
    assert set(answers[1::2]) == {(200, "new")}
    assert shared.client.get(shared.url.replace("/webhooks", "/health")).json()["ok"] is True


def test_a_slash_at_the_end_is_no_redirect(shared: Receiver) -> None:
    body = orjson.dumps(event(34))
    answer = shared.client.post(f"{shared.url}/", content=body, headers=signed(body))
    assert (answer.status_code, answer.json()["outcome"]) == (200, "new")


def test_connections_that_send_nothing_shut_out_nobody(tmp_path: Path) -> None:
    """More than may be open at once, from one peer; he only loses his own oldest."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    with receiving(tmp_path / "data") as receiver, ExitStack() as held:
        host, port = receiver.url.split("/")[2].split(":")
        for number in range(2_005):
            one = held.enter_context(socket.create_connection((host, int(port))))
            one.sendall(b"POST /webhooks HTTP/1.1\r\nHost: x\r\n" if number % 2 else b"")
        for number in range(5):
            assert receiver.deliver(event(number)) == (200, "new")


def test_a_request_has_to_arrive_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "ARRIVAL_SECONDS", 0.3)
    with receiving_in_thread(tmp_path / "events.db") as url:
        host, port = url.split("/")[2].split(":")
        with socket.create_connection((host, int(port)), timeout=5) as slow:
            slow.sendall(b"POST /webhooks HTTP/1.1\r\nX: ")
            with suppress(OSError):
                for _ in range(100):
                    slow.sendall(b"y")
                    time.sleep(0.05)
            with pytest.raises(OSError, match=r"reset|Broken"):
                slow.sendall(b"y")


@pytest.mark.parametrize("comes_back", [True, False], ids=["replaced", "removed"])
def test_an_inbox_that_was_taken_away_is_noticed(tmp_path: Path, comes_back: bool) -> None:
    """Nothing is answered with 2xx that a later reader does not find."""
    with receiving(tmp_path / "data") as receiver:
        assert receiver.deliver(event(1)) == (200, "new")
        with closing(sqlite3.connect(receiver.folder / "events.db")) as source:
            source.execute("vacuum into ?", [str(tmp_path / "copy.db")])
        for path in receiver.folder.glob("events.db*"):
            path.unlink()
        if comes_back:
            (tmp_path / "copy.db").rename(receiver.folder / "events.db")
        assert receiver.deliver(event(2)) == (200, "new")
        assert receiver.logged() == ({"evt_1", "evt_2"} if comes_back else {"evt_2"})
        for path in receiver.folder.glob("events.db*"):
            path.unlink()
        (receiver.folder / "events.db").mkdir()
        assert receiver.deliver(event(3)) == (503, "append_failed")
        (receiver.folder / "events.db").rmdir()
        assert receiver.deliver(event(3)) == (200, "new")


def test_events_of_another_mode_or_account_are_kept_apart(shared: Receiver) -> None:
    assert shared.deliver(event(40, livemode=True)) == (200, "refused_livemode")
    assert shared.deliver(event(41, account="acct_other")) == (200, "refused_account")
    assert not shared.logged() & {"evt_40", "evt_41"}
    with Inbox.open(shared.folder / "events.db") as inbox:
        assert inbox.refused() == {"account": 1, "livemode": 1}


def test_account_and_secret_that_come_later_are_taken_without_a_restart(tmp_path: Path) -> None:
    environment = tmp_path / ".env"
    environment.write_text(f"STRIPE_WEBHOOK_SECRETS={SECRET}\n")
    with receiving(tmp_path / "data", STRIPE_WEBHOOK_SECRETS=None) as receiver:
        assert receiver.deliver(event(1, account="acct_new")) == (200, "refused_account")
        assert receiver.deliver(event(2), ROLLED) == (400, "bad_signature")
        environment.write_text(f"STRIPE_WEBHOOK_SECRETS={SECRET},{ROLLED}\n")
        with Inbox.open(receiver.folder / "events.db") as inbox:
            inbox.settle("acct_new", [], read_from=utc_now(), **{LIVEMODE: "test"})
        until = time.monotonic() + 20
        while receiver.deliver(event(2), ROLLED)[0] != 200 and time.monotonic() < until:
            time.sleep(0.1)
        assert receiver.deliver(event(1, account="acct_new")) == (200, "new")
        assert receiver.logged() == {"evt_1", "evt_2"}
        environment.write_text("STRIPE_WEBHOOK_SECRETS=\n")  # half written: what was known stays
        time.sleep(RENEW_SECONDS)
        assert receiver.deliver(event(3), "whsec_wrong") == (400, "bad_signature")
        assert receiver.deliver(event(3)) == (200, "new")


def test_failed_append_is_answered_so_that_stripe_comes_again(tmp_path: Path) -> None:
    """Where the disk is full, and has room again."""
    with disk_at(tmp_path / "data") as disk, receiving(disk.folder) as receiver:
        assert receiver.deliver(event(1)) == (200, "new")
        disk.fill(receiver.process.pid)
        assert receiver.deliver(event(2)) == (503, "append_failed")
        health = receiver.url.replace("/webhooks", "/health")
        assert receiver.client.get(health).status_code == 503
        disk.free(receiver.process.pid)
        assert receiver.deliver(event(2)) == (200, "new")
        assert receiver.client.get(health).status_code == 200
        assert receiver.logged() == {"evt_1", "evt_2"}


def deliver_until_gone(receiver: Receiver, first: int, answered: set[str]) -> None:
    with httpx.Client(trust_env=False) as client:
        for number in range(first, first + 1000):
            body = orjson.dumps(event(number))
            try:
                answer = client.post(receiver.url, content=body, headers=signed(body))
            except httpx.TransportError:
                return
            if answer.status_code == 200:
                answered.add(f"evt_{number}")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_nothing_that_was_answered_is_lost_when_it_ends(
    tmp_path: Path, number: signal.Signals
) -> None:
    answered: set[str] = set()
    with receiving(tmp_path / "data") as receiver:
        threads = [
            threading.Thread(target=deliver_until_gone, args=(receiver, 1000 * n, answered))
            for n in range(1, 5)
        ]
        for thread in threads:
            thread.start()
        while len(answered) < 50:
            time.sleep(0.01)
        code, said = receiver.stop(number)
        for thread in threads:
            thread.join()
        assert answered <= receiver.logged()
    if number != signal.SIGKILL:
        assert code == 0
        assert "stopped; since the start" in said


def test_delivery_is_read_at_stripe_by_the_next_load(
    local_stripe: LocalStripe, tmp_path: Path
) -> None:
    """Nothing but the delivery tells of this change; its payload is never loaded."""
    customer = builders.customer(id="cus_1", name="Before", created=NOW)
    local_stripe.store.put(customer)
    local_stripe.load()
    local_stripe.store.put({**customer, "name": "After"}, now=NOW + 1, events=False)
    with receiving(tmp_path, local_stripe.url) as receiver:
        stale = event(1, data={"object": {**customer, "name": "Stale"}})
        assert receiver.deliver(stale) == (200, "new")
        assert local_stripe.load().objects["customers"] == 1
    assert local_stripe.query("select name from stripe.customers") == [("After",)]


def test_blank_secret_is_a_wrong_setting(tmp_path: Path) -> None:
    ended = refused(tmp_path, "--port", "0", STRIPE_WEBHOOK_SECRETS="")
    assert ended.returncode == 2
    assert "STRIPE_WEBHOOK_SECRETS is not set" in ended.stderr


def refused(folder: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return typed(folder, "webhooks", *arguments, STRIPE_API_BASE="http://127.0.0.1:9", **settings)


def typed(folder: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """A command of the program, with these settings alone."""
    return subprocess.run(
        [PROGRAM, *arguments],
        env=settings,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_secrets_and_payloads_never_reach_the_output(tmp_path: Path) -> None:
    with receiving(tmp_path / "data") as receiver:
        private = {"id": "cus_9", "object": "customer", "email": "someone@example.com"}
        receiver.deliver(event(1, data={"object": private}))
        receiver.deliver(event(2), "whsec_wrong")
        _, said = receiver.stop()
    assert "1 bad signature, 1 new" in said
    assert "whsec" not in said
    assert "example.com" not in said
    assert "cus_9" not in said


def test_taken_port_is_one_line(shared: Receiver, tmp_path: Path) -> None:
    port = shared.url.split(":")[2].split("/")[0]
    ended = refused(tmp_path, "--port", port, STRIPE_WEBHOOK_SECRETS=SECRET)
    assert ended.returncode == 2
    assert f"cannot listen on 127.0.0.1 port {port}" in ended.stderr


def test_endpoint_of_another_version_is_told_in_a_line() -> None:
    endpoint = {
        "id": "we_1",
        "url": "https://example.com/stripe/webhooks",
        "status": "enabled",
        "api_version": "2024-06-20",
        "enabled_events": ["*"],
    }
    (line,) = compared([endpoint], version=VERSION)
    assert line.startswith("webhook endpoint we_1 sends version 2024-06-20")
    assert compared([{**endpoint, "api_version": VERSION}], version=VERSION) == []
    (some,) = compared(
        [{**endpoint, "api_version": VERSION, "enabled_events": ["customer.updated"]}],
        version=VERSION,
    )
    assert "does not send" in some
    (none,) = compared([{**endpoint, "status": "disabled"}], version=VERSION)
    assert none.startswith("no enabled webhook endpoint")


def test_a_busy_receiver_loses_nothing() -> None:
    """The benchmark, shortened. Counts are exact; other work on the machine moves latencies."""
    command = [
        sys.executable,
        "benchmarks/load/webhooks.py",
        "--seconds",
        "3",
        "--echo-seconds",
        "1",
    ]
    ended = subprocess.run(
        [*command, "--json"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    found = json.loads(ended.stdout)
    assert found["receiver"]["answered_2xx"] == found["logged"] == 1500
    assert found["receiver"]["p99"] < 5000


def replay(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return typed(folder, "replay", *arguments, DATA_DIR=str(folder))


def test_replay_reads_again_what_logged_events_name(
    local_stripe: LocalStripe, tmp_path: Path
) -> None:
    customer = builders.customer(id="cus_1", name="Before", created=NOW)
    local_stripe.store.put(customer)
    local_stripe.load()
    local_stripe.store.put({**customer, "name": "Later"}, now=NOW + 60)
    local_stripe.load()
    with duckdb.connect(str(local_stripe.paths.warehouse)) as warehouse:
        warehouse.execute("update stripe.customers set name = 'Damaged'")
    logged = log(local_stripe)
    ended = replay(tmp_path, "--since", "2025-06-15T00:01:00")
    assert ended.stdout == "1 event, 1 change named: the next sync reads 1 object\n"
    assert local_stripe.load().objects["customers"] == 1
    assert local_stripe.query("select name from stripe.customers") == [("Later",)]
    assert json.loads(replay(tmp_path, "--all", "--json").stdout)["events"] == len(logged)
    local_stripe.load()
    assert log(local_stripe) == logged
    assert replay(tmp_path).returncode == 2


def log(stripe: LocalStripe) -> list[Any]:
    with closing(sqlite3.connect(stripe.paths.inbox)) as database:
        return database.execute("select * from events order by id").fetchall()


def test_full_reads_and_old_events_leave_the_log_as_it_is(local_stripe: LocalStripe) -> None:
    """The sandbox forgets after 30 days, as Stripe does; the log does not."""
    local_stripe.store.put(builders.customer(id="cus_1", created=NOW))
    local_stripe.load()
    before = log(local_stripe)
    assert before
    transitions.advance(local_stripe.store, NOW + 40 * DAY)
    local_stripe.load()
    local_stripe.load(full=True)
    assert log(local_stripe)[: len(before)] == before
