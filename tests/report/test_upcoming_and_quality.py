"""What happens soon, who left, and what to look at, as the marts say."""

import pytest
from local_stripe import NOW
from pipeline import Pipeline
from report_world import Report, reported


def test_trials_that_end_within_the_days(report: Report) -> None:
    for days in (7, 30, 90):
        shown = report.json(f"/upcoming?days={days}&table=trials")
        kept = report.sql(
            "select subscription_id from subscriptions, publication.build where is_trialing"
            " and trial_end >= as_of and trial_end < as_of + to_days(?)"
            " order by trial_end, subscription_id",
            days,
        )
        assert [row["subscription_id"] for row in shown] == [row[0] for row in kept]


def test_renewals_leave_out_what_ends(report: Report) -> None:
    shown = {row["subscription_id"] for row in report.json("/upcoming?days=90&table=renewals")}
    kept = report.sql(
        "select subscription_id from subscriptions, publication.build where is_paying"
        " and not coalesce(cancel_at_period_end, false)"
        " and current_period_end between as_of and as_of + to_days(90)"
    )
    assert shown == {row[0] for row in kept}
    assert shown


def test_who_churned_and_what_it_cost(report: Report) -> None:
    shown = report.json("/upcoming?days=90&table=churned")
    kept = report.sql(
        "select account_id from accounts, publication.build"
        " where churned_at <= as_of and churned_at > as_of - to_days(90)"
    )
    assert {row["account_id"] for row in shown} == {row[0] for row in kept}
    assert all(row["lost_mrr"] is None or row["lost_mrr"].startswith("-") for row in shown)


def test_why_an_account_churned_stands_beside_it(report: Report) -> None:
    shown = report.json("/upcoming?days=90&table=churned")
    kept = report.sql(
        "select account_id, churn_reason from accounts where churn_reason is not null"
    )
    told = {row["account_id"]: row["churn_reason"] for row in shown if row["churn_reason"]}
    assert told
    assert told.items() <= dict(kept).items()


@pytest.mark.parametrize("risk", ["past_due", "canceling", "card_expires", "trial_without_card"])
def test_who_is_at_risk_and_with_how_much(report: Report, risk: str) -> None:
    shown = report.json(f"/upcoming?risk={risk}&table=at_risk")
    kept = report.sql(
        "select account_id, currency, mrr::varchar from revenue_at_risk where reason = ?", risk
    )
    assert sorted((row["account_id"], row["currency"], row["mrr"]) for row in shown) == sorted(kept)


def test_mrr_at_risk_by_reason_and_currency(report: Report) -> None:
    shown = {(row["risk"], row["currency"]): row["mrr"] for row in report.json("/upcoming")}
    kept = report.sql(
        "select reason, currency, sum(mrr)::varchar from revenue_at_risk group by all"
    )
    assert shown == {(reason, currency): mrr for reason, currency, mrr in kept}


def test_causes_and_what_they_affect(report: Report) -> None:
    issues = report.json("/quality?table=issues")
    assert {row["issue_id"] for row in issues} == {
        row[0] for row in report.sql("select issue_id from data_quality_issues")
    }
    for row in issues:
        affected = report.client.get(
            "/quality", params={"issue": row["issue_id"], "table": "affected", "format": "json"}
        ).json()["rows"]
        assert {one["account_id"] for one in affected if one["account_id"]} == {
            found[0]
            for found in report.sql(
                "select account_id from data_quality_affected where issue_id = ?"
                " and account_id is not null",
                row["issue_id"],
            )
        }


def test_customers_in_no_account_are_all_there(report: Report) -> None:
    shown = report.json("/quality?table=unlinked")
    [(count,)] = report.sql("select count(*) from unlinked_customers")
    assert len(shown) == count > 0


@pytest.mark.long
def test_an_object_that_is_kept_out_shows_with_its_field_and_not_its_value(
    refreshed: Pipeline,
) -> None:
    spoiled = {"start_date": {"who": "Ada Lovelace"}}
    refreshed.stripe.store.update("subscription", "sub_one", spoiled, now=NOW)
    refreshed.refresh()
    with reported(refreshed.settings.marts) as report:
        [row] = report.json("/quality?table=quarantined")
        assert (row["stream"], row["object_id"]) == ("subscriptions", "sub_one")
        assert row["path"] == "object.start_date"
        text = report.page("/quality")
        assert "sub_one" in text
        assert "Lovelace" not in text
    refreshed.refresh(full=True)
    assert refreshed.mart("select object_id from quarantined_objects") == [("sub_one",)]
