"""Overview: its figures are those of the marts."""

from report_world import Report

from report.display import money


def test_each_currency_has_its_mrr_and_its_change(report: Report) -> None:
    page = report.page("/")
    found = report.sql(
        "select currency, closing_mrr, closing_mrr - opening_mrr from mrr_movements_by_month"
        " where month = (select max(month) from mrr_movements_by_month)"
    )
    assert found
    for currency, mrr, change in found:
        assert money(mrr, currency) in page
        assert money(change, currency) in page


def test_mrr_of_the_newest_month_is_mrr_now(report: Report) -> None:
    shown = {row["currency"]: row["closing_mrr"] for row in report.json("/?table=mrr")}
    now = report.sql("select currency, mrr::varchar from mrr_now where mrr > 0")
    assert shown == dict(now)


def test_the_chart_is_drawn_in_one_currency_and_the_address_says_which(report: Report) -> None:
    for currency in ("usd", "eur"):
        rows = report.json(f"/?table=mrr_by_month&currency={currency}")
        assert {row["currency"] for row in rows} == {currency}
        assert (
            len(rows)
            == report.sql(
                "select count(*) from mrr_movements_by_month where currency = ?", currency
            )[0][0]
        )


def test_an_unknown_currency_shows_that_of_the_most_accounts(report: Report) -> None:
    assert report.json("/?table=mrr_by_month&currency=xxx") == report.json("/?table=mrr_by_month")


def test_what_wants_a_look_is_counted(report: Report) -> None:
    shown = {row["what"]: row["how_many"] for row in report.json("/?table=attention")}
    [(unknown,)] = report.sql(
        "select count(*) from account_traits where unknown_amount is not null"
    )
    assert shown.get("accounts whose MRR is not known", 0) == unknown


def test_the_page_says_which_build_it_shows(report: Report) -> None:
    [(build, at)] = report.sql("select id, published_at from publication.build")
    page = report.page("/")
    assert build[:8] in page
    assert f"{at:%Y-%m-%d %H:%M} UTC" in page
