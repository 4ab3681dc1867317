"""The Intercom store before a server that does what Intercom documents."""

from decimal import Decimal
from typing import Any

import pytest
from crm_servers import FakeIntercom
from http_world import WAIT_A_MOMENT, HttpWorld, world, write, writes
from target_servers import Reply, running

from reverse_sync.stores.account_store import AccountStore, AccountStoreError, NotNow
from reverse_sync.stores.http.address import intercom
from reverse_sync.stores.target import Target
from reverse_sync.stores.url import check

__all__ = ["world"]


@pytest.fixture
def server(world: HttpWorld) -> FakeIntercom:
    return world.stack.enter_context(running(FakeIntercom()))


def target(world: HttpWorld, server: FakeIntercom, **options: Any) -> Target:
    return world.target(f"intercom://127.0.0.1:{server.port}", **options)


@pytest.fixture
def store(world: HttpWorld, server: FakeIntercom) -> AccountStore:
    return world.store(target(world, server))


def posted(server: FakeIntercom) -> list[Any]:
    return [request.body for request in server.requests if request.path == "/companies"]


def test_the_host_is_the_region() -> None:
    assert intercom("intercom://api.eu.intercom.io").url == "https://api.eu.intercom.io"


def test_every_kind_of_value_gets_an_attribute_of_its_type(
    store: AccountStore, server: FakeIntercom
) -> None:
    values: dict[str, Any] = {
        "stripe.mrr": Decimal("50.5"),
        "stripe.isFree": False,
        "stripe.planNames": ("Pro", "Extra"),
        "stripe.coupons": (),
    }
    assert store.write([write(set=values)]).accepted == {"a"}
    assert server.attributes == {
        "stripe_mrr": "float",
        "stripe_is_free": "boolean",
        "stripe_plan_names": "string",
        "stripe_coupons": "string",
    }
    company = server.companies["a"]
    assert (company["name"], company["monthly_spend"]) == ("Ada", 49)
    assert server.held("a") == {
        "stripe_mrr": Decimal("50.5"),
        "stripe_is_free": False,
        "stripe_plan_names": "Pro;Extra",
    }


def test_null_clears_and_nothing_else_is_sent(store: AccountStore, server: FakeIntercom) -> None:
    store.write([write(set={"stripe.a": "1", "stripe.b": "2"})])
    change = write(name=None, set={}, unset=("stripe.a", "stripe.never"), version=2)
    assert store.write([change]).accepted == {"a"}
    assert posted(server)[-1] == {"company_id": "a", "custom_attributes": {"stripe_a": None}}
    assert server.held("a") == {"stripe_b": "2"}


def test_two_traits_that_would_be_one_attribute_are_named_before_anything_is_sent(
    store: AccountStore, server: FakeIntercom
) -> None:
    both = write(set={"stripe.metadata.x-y": "1", "stripe.metadata.x_y": "2"})
    receipt = store.write([both, write("b")])
    assert receipt.accepted == {"b"}
    assert "stripe.metadata.x-y and stripe.metadata.x_y" in receipt.refused["a"].reason
    assert [one["company_id"] for one in posted(server)] == ["b"]


def test_a_company_deleted_by_hand_comes_back_whole(
    store: AccountStore, server: FakeIntercom
) -> None:
    store.write([write(set={"stripe.a": "1", "stripe.b": "2", "stripe.c": ("x",)})])
    del server.companies["a"]
    change = write(set={"stripe.b": "3"}, unset=("stripe.a",), version=2)
    assert store.write([change]).accepted == {"a"}
    assert server.held("a") == {"stripe_b": "3", "stripe_c": "x"}


@pytest.mark.parametrize(
    ("body", "permanent"),
    [
        ("<html>", False),
        ({"company_id": "b", "custom_attributes": {"stripe_mrr": 60}}, False),
        ({"company_id": "a", "custom_attributes": {"stripe_mrr": 61}}, True),
        ({"company_id": "a", "custom_attributes": {"stripe_mrr": "60"}}, True),
        ({"company_id": "a"}, True),
    ],
)
def test_only_a_company_that_is_shown_with_what_was_sent_is_taken(
    store: AccountStore, server: FakeIntercom, body: Any, permanent: bool
) -> None:
    store.write([write()])
    server.misbehave(Reply(200, body), when=lambda request: request.path == "/companies")
    receipt = store.write([write(set={"stripe.mrr": Decimal(60)}, version=2)])
    assert receipt.refused["a"].permanent is permanent


def test_a_failing_company_is_set_aside(store: AccountStore, server: FakeIntercom) -> None:
    server.misbehave(Reply(422, {"type": "error.list"}), times=9, when=lambda r: '"a3"' in r.text)
    receipt = store.write(writes(9))
    assert (len(receipt.accepted), receipt.refused.keys()) == (8, {"a3"})


def test_attributes_that_intercom_does_not_make_are_named(
    store: AccountStore, server: FakeIntercom
) -> None:
    server.misbehave(
        Reply(422, {}), times=9, when=lambda r: (r.method, r.path) == ("POST", "/data_attributes")
    )
    assert "attributes stripe_mrr (1 in all, HTTP 422)" in str(store.write([write()]).stopped)
    assert posted(server) == []


def test_a_wrong_token_is_found_before_anything_is_sent(
    world: HttpWorld, server: FakeIntercom
) -> None:
    check(target(world, server))
    with pytest.raises(AccountStoreError, match=r"ACCOUNT_STORE_SECRET \(401\)"):
        check(target(world, server, secret="wrong"))


def test_the_limit_that_intercom_tells_of_is_kept(
    store: AccountStore, server: FakeIntercom
) -> None:
    server.misbehave(WAIT_A_MOMENT, times=3)
    assert store.write([write()]).accepted == {"a"}
    spent = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "900"}
    server.misbehave(Reply(429, {"type": "error.list"}, spent))
    assert isinstance(store.write([write(version=2)]).stopped, NotNow)
