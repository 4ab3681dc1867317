"""The mart `accounts`: one row an account, which says what the traits, the months and the account
store say."""

from datetime import UTC
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from examples import POPULATION
from examples_build import AS_OF, STREAMS, RunSettings, Warehouse, create_warehouse
from examples_objects import at, customer, moment, price, simple, subscription

from reverse_sync.values.lifecycle import Facts, lifecycle
from reverse_sync.values.tracking import STRIPE_SETTINGS, Mode, Tracking
from reverse_sync.values.traits import parse_traits
from sandbox.population import Population, generate

pytestmark = pytest.mark.long

RATES = (("2025-01-01", "eur", "1.10"), ("2025-01-01", "jpy", "0.0067"))
FACTS = "has_paid, unknown_amount, subscribed_since, trial_since, trial_ends_at, ended_at"


@pytest.fixture(scope="module", params=["single", "multi"])
def mode(request: pytest.FixtureRequest) -> Mode:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def built(mode: Mode, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """The worked examples, a made-up business beside them, and a customer of an account that has
    one already."""
    warehouse = create_warehouse(tmp_path_factory.mktemp(mode) / "warehouse.duckdb")
    business = generate(Population(customers=300, seed=2, now=at("2025-06-15")))
    warehouse.land([one for one in POPULATION if not one.get("deleted")])
    warehouse.land(one for one in business if one["object"] in STREAMS)
    warehouse.land([*simple("twice", 5000), customer("twice", "_b", created=at("2020-01-01"))])
    warehouse.rate(*RATES)
    multi = mode == "multi"
    settings = RunSettings(multiple_subscriptions=multi, reporting_currency="usd")
    warehouse.build_selected(settings, "--exclude", "fx_rates")
    return warehouse


def test_every_account_of_the_trait_tables_has_one_row_with_their_values(built: Warehouse) -> None:
    for traits in ("single_subscription_traits", "multi_subscription_traits"):
        assert (
            built.records(
                f"select account_id from marts.{traits} except from (select"
                " account_id from marts.accounts)"
            )
            == []
        )
        [shared] = built.records(
            "select string_agg(column_name, ', ') as columns from duckdb_columns()"
            f" where schema_name = 'marts' and table_name = 'accounts' and column_name in (select"
            f" column_name from duckdb_columns() where table_name = '{traits}')"
        )
        columns = shared["columns"]
        assert "mrr" in columns
        assert (
            built.records(
                f"select {columns} from marts.{traits} except select {columns} from marts.accounts"
            )
            == []
        )


def test_lifecycle_is_what_the_account_store_holds(built: Warehouse, mode: Mode) -> None:
    settings = {setting.aspect: setting for setting in STRIPE_SETTINGS[mode]}
    rows = built.records(
        f"select account_id, traits::varchar as traits, {FACTS} from marts.account_traits"
    )
    found = {row["account_id"]: row for row in built.records("from marts.accounts")}
    seen = set()
    for row in rows:
        stored = lifecycle(
            tracking=Tracking(settings, mode),
            traits=parse_traits(row["traits"]),
            facts=Facts(**{name: _aware(row[name]) for name in FACTS.split(", ")}),
            previous=None,
            as_of=AS_OF.replace(tzinfo=UTC),
        )
        told = found[row["account_id"]]
        assert told["lifecycle_status"] == stored.status, row["account_id"]
        assert _aware(told["churned_at"]) == stored.churned_at, row["account_id"]
        # Where Stripe does not say since when, the store says when it was first seen.
        assert _aware(told["status_since"]) in (stored.status_since, None), row["account_id"]
        seen.add(stored.status)
    assert seen == {"subscribed", "trial", "churned", None}


def _aware(value: Any) -> Any:
    return value.replace(tzinfo=UTC) if hasattr(value, "tzinfo") else value


def test_reporting_mrr_is_that_of_the_month(built: Warehouse) -> None:
    """Where an amount or a rate is not known it is null, and never 0."""
    different = built.records(
        "with months as (select account_id, sum(reporting_mrr) as of_month from marts.mrr_by_month"
        " where month = date '2025-06-01' group by all)"
        " select account_id, reporting_mrr, of_month from marts.accounts left join months"
        " using (account_id) where reporting_mrr <> coalesce(of_month, 0)"
    )
    assert different == []
    [counts] = built.records(
        "select count_if(reporting_mrr > 0) as some, count_if(reporting_mrr is null) as unknown,"
        " count_if(reporting_mrr = 0 and all_mrr_normalized is null) as wrong from marts.accounts"
    )
    assert (counts["some"] > 100, counts["unknown"] > 0, counts["wrong"]) == (True, True, 0)


def test_the_customers_of_an_account_are_listed_oldest_first(built: Warehouse) -> None:
    [row] = built.records(
        "select customer_id, customer_ids, subscription_count, mrr_normalized"
        " from marts.accounts where account_id = 'twice'"
    )
    assert row == {
        "customer_id": "cus_twice",
        "customer_ids": ["cus_twice_b", "cus_twice"],
        "subscription_count": 1,
        "mrr_normalized": Decimal(50),
    }


def test_a_churned_account_says_why_its_last_subscription_ended(tmp_path: Path) -> None:
    """Two that ended; and one account whose earlier one ended, but that still pays."""
    why = {"reason": "cancellation_requested", "feedback": "unused", "comment": "Good-bye"}
    other = {"reason": "payment_failed", "feedback": None, "comment": None}
    first, second = price("left", 5000, "_a"), price("left", 3000, "_b")
    ended = {"status": "canceled", "created": at("2025-01-01")}
    warehouse = create_warehouse(tmp_path / "warehouse.duckdb")
    warehouse.land(
        [
            *(customer("left"), first, second),
            subscription(
                "left",
                [first],
                suffix="_a",
                ended_at=at("2025-06-01"),
                cancellation_details=why,
                **ended,
            ),
            subscription(
                "left",
                [second],
                suffix="_b",
                ended_at=at("2025-05-01"),
                cancellation_details=other,
                **ended,
            ),
            *simple("stays", 5000, cancellation_details=other),
        ]
    )
    warehouse.refresh(RunSettings())
    told = "account_id, churned_at, churn_reason, churn_feedback, churn_comment"
    rows = [
        tuple(row.values())
        for row in warehouse.records(f"select {told} from marts.accounts order by all")
    ]
    assert rows == [
        ("left", moment("2025-06-01"), *why.values()),
        ("stays", None, None, None, None),
    ]
