"""`explain`: what it prints is what the trait is made of, and adds up to it."""

from pathlib import Path

import duckdb
import pytest

from orchestration.pages.explain import read
from orchestration.pages.explain_lines import lines

ITEM = (
    "account_id, subscription_id, is_chosen_subscription, subscription_item_id, step, component,"
    " plan_name, quantity, billing_interval, interval_count, currency, list_amount, discount_name,"
    " discount_percent_off, discount_amount_off, monthly_amount, excluded_because"
)
PUBLISHED = f"""
create table single_subscription_traits as
    select 'a' as account_id, 'cus_1' as customer_id, map {{'plan-x': 'gold'}} as metadata,
        'in_once' as last_invoice_id, 70.00::decimal(18, 3) as last_invoice_amount,
        50.00::decimal(18, 3) as subscription_amount, 70.00::decimal(18, 3) as mrr,
        50.00::decimal(18, 3) as mrr_normalized;
create table multi_subscription_traits as
    select 'a' as account_id, ['sub_1', 'sub_2'] as subscription_ids, ['in_1'] as last_invoice_ids,
        90.00::decimal(18, 3) as all_mrr, 80.00::decimal(18, 3) as all_mrr_normalized;
create table account_traits as
    select 'a' as account_id, null::varchar as unknown_amount, null::json as traits;
create table subscriptions as
    select * from (values
        ('a', 'sub_1', 'usd', 60.00, 50.00, true, timestamp '2025-01-01'),
        ('a', 'sub_2', 'usd', null, 30.00, true, timestamp '2025-01-02')
    ) as rows(account_id, subscription_id, currency, last_invoice_amount, subscription_amount,
        is_paying, created);
create table mrr_breakdown as
    select * from (values
        ('a', 'sub_1', true, 'si_1', 0, 'list', 'Pro', 1, 'month', 1, 'usd', 50.00, null, null,
            null, 50.00::decimal(38, 15), null),
        ('a', 'sub_1', true, 'si_2', 0, 'list', 'Seats', 0, 'month', 1, 'usd', 0.00, null, null,
            null, 0, null),
        ('a', 'sub_2', false, 'si_3', 0, 'list', 'Team', 3, 'month', 1, 'usd', 30.00, null, null,
            null, 30.00, null)
    ) as rows({ITEM});
create table mrr_by_month as
    select 'a' as account_id, month, 'usd' as currency, 80.00::decimal(18, 3) as mrr,
        false as is_estimated
    from (values (date '2025-05-01'), (date '2025-06-01')) as months(month);
create table mrr_movements as
    select * from (values
        ('a', date '2025-05-01', 'usd', 'new', 80.00), ('a', date '2025-06-01', 'usd', 'fx', 0.00)
    ) as rows(account_id, month, currency, movement, amount);
create table sync_changelog as
    select * from (values
        (1, 'run-1', 'a', null, null, '{{}}', 'create'),
        (2, 'run-2', 'a', 'stripe.metadata.plan-x', '"silver"', '"gold"', 'set'),
        (2, 'run-2', 'a', 'stripe.metadatum', '"other"', '"trait"', 'set')
    ) as rows(version, run_id, account_id, trait, old, new, op),
    (select 'acknowledged' as status, null as error, 'confirmed' as reply,
        timestamp '2025-06-15' as "at");
"""


@pytest.fixture
def marts(tmp_path: Path) -> Path:
    path = tmp_path / "marts.duckdb"
    with duckdb.connect(str(path)) as database:
        database.execute(PUBLISHED)
    return path


def told(marts: Path, trait: str | None = None) -> str:
    return "\n".join(lines(read(marts, "a", trait)))


def sums(text: str) -> list[str]:
    return [line.split()[-1] for line in text.splitlines() if "sum a month" in line]


def test_one_subscriptions_mrr_adds_up_without_the_others(marts: Path) -> None:
    assert sums(told(marts, "mrr_normalized")) == ["50"]
    assert sums(told(marts, "all_mrr_normalized")) == ["80"]
    assert sums(told(marts)) == ["80"]
    assert "sub_1  (the account's, in single mode)" in told(marts)


def test_a_quantity_of_nothing_is_not_shown_as_one(marts: Path) -> None:
    assert "0 x Seats: 0 per month" in told(marts, "mrr_normalized")


def test_mrr_as_billed_is_told_by_what_it_is_the_greater_of(marts: Path) -> None:
    billed = told(marts, "mrr")
    assert "last_invoice_amount  70" in billed
    assert "subscription_amount  50" in billed
    assert "sum a month" not in billed, "normalised MRR is another figure"
    assert "sub_1: 60, 50 usd" in told(marts, "all_mrr")
    assert "sub_2: null, 30 usd" in told(marts, "all_mrr")


def test_an_unknown_part_leaves_no_sum(marts: Path) -> None:
    with duckdb.connect(str(marts)) as database:
        database.execute(
            "update mrr_breakdown set monthly_amount = null where step = 0 and quantity = 3"
        )
    assert sums(told(marts, "all_mrr_normalized")) == ["unknown"]
    assert sums(told(marts, "mrr_normalized")) == ["50"]


def test_what_is_not_known_is_named(marts: Path) -> None:
    assert "not known" not in told(marts)
    with duckdb.connect(str(marts)) as database:
        database.execute(
            "update account_traits set unknown_amount = 'subscription_item si_1, price'"
        )
    assert "MRR is not known because of subscription_item si_1, price" in told(marts, "mrr")


def test_a_month_in_which_only_the_rate_moved_is_there(marts: Path) -> None:
    assert "\n  2025-06  " in told(marts, "all_mrr_normalized")


def test_an_invoice_of_no_subscription_is_among_the_source_rows(marts: Path) -> None:
    assert "source rows in stripe.invoices: in_once, in_1" in told(marts, "last_invoice_amount")


@pytest.mark.parametrize("trait", ["metadata", "metadata.plan-x", "stripe.metadata.plan-x"])
def test_a_metadata_trait_is_explained_with_what_was_sent(marts: Path, trait: str) -> None:
    text = told(marts, trait)
    assert "gold" in text.split("from customer.metadata", maxsplit=1)[0]
    assert 'stripe.metadata.plan-x: "silver" -> "gold"  acknowledged: confirmed' in text
    assert "created, all traits" in text
    assert "metadatum" not in text


def test_a_trait_is_found_by_its_name_in_the_account_store(marts: Path) -> None:
    assert sums(told(marts, "stripe.mrrNormalized")) == ["50"]
