"""The Segment-style store: within its limits, by groups, and sent without ever being confirmed."""

from typing import Any

from http_world import BROKEN, DOWN, WAIT_A_MOMENT, HttpWorld, world, write, writes
from target_servers import FakeSegment, Reply, Request

from reverse_sync.stores.http.address import segment
from reverse_sync.stores.target import Target

__all__ = ["world"]


def target(world: HttpWorld, server: FakeSegment, **options: Any) -> Target:
    return world.target(f"segment://127.0.0.1:{server.port}", **options)


def test_the_path_of_the_batch_is_segments_unless_it_is_named() -> None:
    assert segment("segment://api.segment.io").url == "https://api.segment.io/v1"
    assert segment("segment://events.eu1.segmentapis.com/v1/").url.endswith(".com/v1")


def test_what_was_sent_is_never_called_confirmed(world: HttpWorld) -> None:
    server = world.segment()
    store = world.store(target(world, server))
    receipt = store.write([write(set={"stripe.a": "1", "stripe.b": "2"}), write("b")])
    assert receipt.accepted == frozenset()
    assert receipt.unconfirmed == {"a", "b"}
    store.write([write(set={"stripe.b": "3"}, unset=("stripe.a",), version=2)])
    event = server.requests[-1].body["batch"][0]
    assert event["traits"] == {"name": "Ada", "stripe.a": None, "stripe.b": "3"}
    assert (event["type"], event["groupId"]) == ("group", "a")
    assert event["timestamp"] == "2025-06-15T12:30:00Z"
    assert server.groups["a"] == {"name": "Ada", "stripe.b": "3"}
    assert server.dropped == []


def test_no_batch_is_above_500_kb(world: HttpWorld) -> None:
    server = world.segment()
    large = writes(60, set={"stripe.metadata.note": "ö" * 12_000})
    assert len(world.store(target(world, server)).write(large).unconfirmed) == 60
    sizes = [len(request.raw) for request in server.requests]
    assert max(sizes) <= 500_000
    assert len(sizes) == 3
    assert len(server.groups) == 60


def test_an_account_above_32_kb_is_kept_out_and_the_others_go(world: HttpWorld) -> None:
    server = world.segment()
    note = {"stripe.metadata.note": "x" * 32_000}
    receipt = world.store(target(world, server)).write([write("big", set=note), write("b")])
    assert receipt.unconfirmed == {"b"}
    assert "Segment takes 32 KB" in receipt.refused["big"].reason
    assert receipt.refused["big"].permanent
    assert server.dropped == []


def test_a_refused_batch_is_halved_down_to_the_account_at_fault(world: HttpWorld) -> None:
    server = world.segment()

    def holds_the_bad_one(request: Request) -> bool:
        return b'"groupId":"a7"' in request.raw

    server.misbehave(Reply(400, {"message": "malformed"}), times=99, when=holds_the_bad_one)
    receipt = world.store(target(world, server)).write(writes(30))
    assert receipt.refused.keys() == {"a7"}
    assert len(receipt.unconfirmed) == 29


def test_a_repeated_batch_is_dropped_by_its_message_ids(world: HttpWorld) -> None:
    server = world.segment()
    server.misbehave(Reply(reset=True, served=True))
    assert world.store(target(world, server)).write(writes(3)).unconfirmed == {"a0", "a1", "a2"}
    assert len(server.requests) == 2
    assert len(server.messages) == 3


def test_waits_and_failures_are_sat_out_and_a_long_one_loses_nothing(world: HttpWorld) -> None:
    server = world.segment()
    store = world.store(target(world, server))
    server.misbehave(WAIT_A_MOMENT, times=9)
    server.misbehave(BROKEN, times=2)
    assert store.write([write()]).unconfirmed == {"a"}
    server.misbehave(DOWN, times=9999)
    receipt = store.write([write(version=2)])
    assert "it does not answer" in str(receipt.stopped)
    assert (receipt.unconfirmed, receipt.refused) == (frozenset(), {})
