"""The HubSpot store before a server that is strict where HubSpot's documentation is."""

from decimal import Decimal
from typing import Any

import pytest
from crm_servers import FakeHubSpot
from http_world import AT, WAIT_A_MOMENT, HttpWorld, world, write, writes
from reverse_sync_world import World
from target_servers import Reply, running

from reverse_sync.repair.operations import compare_store
from reverse_sync.stores.account_store import AccountStore, AccountStoreError, NotNow
from reverse_sync.stores.http.crm.property_names import property_name
from reverse_sync.stores.target import Target
from reverse_sync.stores.url import check
from reverse_sync.values.tracking import Setting, SettingChange
from reverse_sync.values.traits import InvalidTraits

__all__ = ["world"]

UPSERT = "/crm/v3/objects/companies/batch/upsert"
MONTH_END = "2025-06-30T00:00:00Z"
ALL_KINDS: dict[str, Any] = {
    "stripe.mrr": Decimal("50.5"),
    "stripe.isFree": False,
    "stripe.currentPeriodEnd": MONTH_END,
    "stripe.metadata.since": MONTH_END,
    "stripe.planNames": ("Pro", "Extra"),
    "stripe.coupons": (),
}


@pytest.fixture
def server(world: HttpWorld) -> FakeHubSpot:
    return world.stack.enter_context(running(FakeHubSpot()))


def target(world: HttpWorld, server: FakeHubSpot, query: str = "", **options: Any) -> Target:
    return world.target(f"hubspot://127.0.0.1:{server.port}{query}", **options)


@pytest.fixture
def store(world: HttpWorld, server: FakeHubSpot) -> AccountStore:
    return world.store(target(world, server))


def sent(server: FakeHubSpot) -> list[Any]:
    """The companies of each upsert."""
    return [request.body["inputs"] for request in server.requests if request.path == UPSERT]


@pytest.mark.parametrize(
    ("trait", "name"),
    [
        ("stripe.planAmount", "stripe_plan_amount"),
        ("stripe.mrr", "stripe_mrr"),
        ("stripe.metadata.CRM-Owner (id)", "stripe_metadata_crm_owner_id"),
        ("custom.seats_30d", "custom_seats_30d"),
        ("stripe_plan_amount", "stripe_plan_amount"),
    ],
)
def test_a_trait_has_one_name_as_a_property(trait: str, name: str) -> None:
    assert property_name(trait) == name


@pytest.mark.parametrize("trait", ["Üöï", "1st", "x" * 101])
def test_a_trait_that_no_property_can_be_is_named(trait: str) -> None:
    with pytest.raises(InvalidTraits, match=f"trait {trait}; rename"):
        property_name(trait)


def test_every_kind_of_value_gets_a_property_of_its_type(
    store: AccountStore, server: FakeHubSpot
) -> None:
    assert store.write([write(set=ALL_KINDS)]).accepted == {"a"}
    made = {k: v["type"] for k, v in server.properties.items() if not v["hubspotDefined"]}
    assert made == {
        "account_id": "string",
        "stripe_mrr": "number",
        "stripe_is_free": "bool",
        "stripe_current_period_end": "datetime",
        "stripe_metadata_since": "string",  # a customer may write anything tomorrow
        "stripe_plan_names": "string",
        "stripe_coupons": "string",
    }
    assert server.properties["account_id"]["hasUniqueValue"] is True
    assert server.properties["stripe_is_free"]["label"] == "stripe.isFree"
    assert server.companies["a"]["properties"] == {
        "account_id": "a",
        "name": "Ada",
        "stripe_mrr": "50.5",
        "stripe_is_free": "false",
        "stripe_current_period_end": MONTH_END,
        "stripe_metadata_since": MONTH_END,
        "stripe_plan_names": "Pro;Extra",
    }


def test_what_was_written_is_read_back_and_a_change_by_hand_is_seen(
    store: AccountStore, server: FakeHubSpot
) -> None:
    store.write([write(set=ALL_KINDS), write("b")])
    server.companies["a"]["properties"]["stripe_mrr"] = "50.50"
    server.companies["a"]["properties"]["stripe_current_period_end"] = "2025-06-30T00:00:00.000Z"
    server.companies["theirs"] = {"id": "1", "properties": {"name": "no account of ours"}}
    (page,) = store.read_all()
    as_written = {k: list(v) if isinstance(v, tuple) else v for k, v in ALL_KINDS.items()}
    assert page[0].traits == as_written
    server.companies["a"]["properties"] |= {"stripe_mrr": "51", "stripe_is_free": "true"}
    server.properties["stripe_mrr"]["label"] = "MRR"  # a label is for people
    del server.companies["b"]["properties"]["stripe_mrr"]
    (page,) = store.read_all()
    assert page[0].traits == as_written | {"stripe.mrr": Decimal(51), "stripe.isFree": True}
    assert page[1].traits == {}


def test_a_property_set_by_hand_is_read_as_the_trait_that_it_was_made_for(
    store: AccountStore, server: FakeHubSpot
) -> None:
    store.write([write(set={"stripe.planAmount": Decimal(5)}), write("b", set={})])
    server.companies["b"]["properties"]["stripe_plan_amount"] = "7"
    (page,) = store.read_all()
    assert page[1].traits == {"stripe.planAmount": Decimal(7)}


def test_an_empty_text_clears_and_a_property_that_is_not_there_is_not_made_for_it(
    store: AccountStore, server: FakeHubSpot
) -> None:
    store.write([write(set={"stripe.a": "1", "stripe.b": "2"})])
    store.write([write(set={}, unset=("stripe.a", "stripe.never"), version=2)])
    assert sent(server)[-1][0]["properties"] == {"name": "Ada", "stripe_a": ""}
    assert server.held("a") == {"stripe_b": "2"}
    assert "stripe_never" not in server.properties
    both = [write("b", set={"stripe.never": "1"}), write("c", unset=("stripe.never",))]
    assert store.write(both).accepted == {"b", "c"}
    assert server.held("b") == {"stripe_never": "1"}


def test_two_traits_that_would_be_one_property_are_named_before_anything_is_sent(
    store: AccountStore, server: FakeHubSpot
) -> None:
    store.write([write(set={"stripe.metadata.x-y": "1"}), write("b")])
    both = write(set={"stripe.metadata.x_y": "2"}, version=2)
    receipt = store.write([both, write("b", version=2)])
    assert receipt.accepted == {"b"}
    assert receipt.refused["a"].reason == (
        "stripe.metadata.x-y and stripe.metadata.x_y would both be stripe_metadata_x_y; "
        "rename or leave out one of them for this store (stores.yml)"
    )
    assert [one["id"] for one in sent(server)[-1]] == ["b"]
    moved = write(set={"stripe.metadata.x_y": "2"}, unset=("stripe.metadata.x-y",), version=3)
    assert store.write([moved]).accepted == {"a"}
    assert (server.held("a") or {})["stripe_metadata_x_y"] == "2"


@pytest.mark.parametrize("multi_status", [True, False])
def test_one_company_that_is_refused_stops_no_other(
    store: AccountStore, server: FakeHubSpot, multi_status: bool
) -> None:
    server.multi_status = multi_status
    server.refuses = {"wrong"}
    bad = write("bad", set={"stripe.status": "wrong"})
    receipt = store.write([*writes(9), bad])
    assert len(receipt.accepted) == 9
    assert receipt.refused["bad"].permanent
    assert "VALIDATION_ERROR" in str(receipt.refused["bad"])
    assert len(sent(server)) == 1 or not multi_status


def test_a_hundred_companies_go_in_one_request(store: AccountStore, server: FakeHubSpot) -> None:
    assert len(store.write(writes(250)).accepted) == 250
    assert sorted(len(inputs) for inputs in sent(server)) == [50, 100, 100]
    made = [r for r in server.requests if r.path.endswith("batch/create")]
    assert len(made) == 1


def test_a_company_deleted_by_hand_comes_back_whole(
    store: AccountStore, server: FakeHubSpot
) -> None:
    store.write([write(set={"stripe.a": "1", "stripe.b": "2", "stripe.c": ("x",)})])
    del server.companies["a"]
    change = write(set={"stripe.b": "3"}, unset=("stripe.a",), version=2)
    assert store.write([change]).accepted == {"a"}
    assert server.held("a") == {"stripe_b": "3", "stripe_c": "x"}


def test_only_a_company_that_is_shown_with_what_was_sent_is_taken(
    store: AccountStore, server: FakeHubSpot
) -> None:
    store.write([write()])
    other = {"objectWriteTraceId": "0", "properties": {"stripe_mrr": "61"}}
    for body, permanent in [
        ({"results": []}, False),
        ("<html>", False),
        ({"results": [other]}, True),
    ]:
        server.misbehave(Reply(200, body), when=lambda r: r.path == UPSERT)
        receipt = store.write([write(set={"stripe.mrr": Decimal(60)}, version=2)])
        assert receipt.refused["a"].permanent is permanent
    assert store.read(["a"])["a"].traits == {"stripe.mrr": Decimal("50.5")}


def test_traits_of_others_are_read_for_tracking(store: AccountStore, server: FakeHubSpot) -> None:
    server.properties["trial_until"] = {
        "name": "trial_until",
        "type": "string",
        "hubspotDefined": False,
    }
    store.write([write()])
    server.companies["a"]["properties"]["trial_until"] = "2025-07-01"
    trial = Setting("trial", "trial_until", "end_date", "operator")
    store.write_tracking([SettingChange(old=None, new=trial, mode="single", reason="x")], at=AT)
    found = store.read(["a", "missing"])
    assert found["a"].traits == {"stripe.mrr": Decimal("50.5"), "trial_until": "2025-07-01"}
    assert found.keys() == {"a"}


def test_the_property_of_the_url_knows_the_company(world: HttpWorld, server: FakeHubSpot) -> None:
    server.properties["crm_id"] = {"name": "crm_id", "type": "string", "hasUniqueValue": True}
    store = world.store(target(world, server, "?id=crm_id"))
    assert store.write([write()]).accepted == {"a"}
    assert server.companies["a"]["properties"]["crm_id"] == "a"
    assert "account_id" not in server.properties
    other = world.store(target(world, server))  # other companies: nothing is known of them yet
    assert other.read(["a"]) == {}


def test_a_property_without_unique_values_is_refused_before_anything_is_sent(
    world: HttpWorld, server: FakeHubSpot
) -> None:
    with pytest.raises(AccountStoreError, match="domain has no unique values; name one"):
        check(target(world, server, "?id=domain"))


def test_properties_that_hubspot_does_not_make_are_named(
    store: AccountStore, server: FakeHubSpot
) -> None:
    server.misbehave(Reply(207, {}), times=9, when=lambda r: r.path.endswith("batch/create"))
    receipt = store.write([write()])
    assert "account_id, stripe_mrr (2 in all, HTTP 207)" in str(receipt.stopped)
    assert sent(server) == []


def test_a_wrong_token_is_found_before_anything_is_sent(
    world: HttpWorld, server: FakeHubSpot
) -> None:
    check(target(world, server))
    assert {request.method for request in server.requests} == {"GET"}
    with pytest.raises(AccountStoreError, match=r"ACCOUNT_STORE_SECRET \(401\)"):
        check(target(world, server, secret="wrong"))


def test_the_limit_that_hubspot_tells_of_is_kept(store: AccountStore, server: FakeHubSpot) -> None:
    server.misbehave(WAIT_A_MOMENT, times=3)
    assert store.write([write()]).accepted == {"a"}
    day_spent = {
        "X-HubSpot-RateLimit-Remaining": "0",
        "X-HubSpot-RateLimit-Interval-Milliseconds": "900000",
    }
    server.misbehave(Reply(429, {"policyName": "DAILY"}, day_spent))
    assert isinstance(store.write([write(version=2)]).stopped, NotNow)


def test_a_whole_delivery_is_found_again_and_what_was_changed_by_hand_is_repaired(
    world: HttpWorld, server: FakeHubSpot
) -> None:
    reached = target(world, server)
    around = World(world.folder, reached.url)
    active = {"stripe.currentSubscriptionStatus": "active", "stripe.mrr": 50.25}
    some = {
        "stripe.planNames": ["Pro", "Extra"],
        "stripe.created": MONTH_END,
        "stripe.isFree": True,
    }
    accounts = {f"a{number}": {**active, **some} for number in range(120)}
    around.publish({**accounts, "empty": {}})
    assert around.sync(target=reached, run_id="1").acknowledged == 121
    context = around.around(target=reached)

    def differ(*, repair: bool) -> dict[str, int]:
        return dict(compare_store(context, around.order(kind="reconcile"), repair=repair).accounts)

    assert differ(repair=False) == {}
    as_delivered = {name: dict(one["properties"]) for name, one in server.companies.items()}
    server.companies["a3"]["properties"]["stripe_mrr"] = "51"
    del server.companies["a3"]["properties"]["stripe_created"]
    server.companies["a4"]["properties"]["stripe_plan_amount"] = "7"  # no property of ours: kept
    del server.companies["a5"]
    assert sum(differ(repair=True).values()) == 2
    assert around.sync(target=reached, run_id="2", kind="repair").acknowledged == 2
    assert differ(repair=False) == {}
    del server.companies["a4"]["properties"]["stripe_plan_amount"]
    assert {n: dict(one["properties"]) for n, one in server.companies.items()} == as_delivered
