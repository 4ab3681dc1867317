-- Of the accounts that began to pay in a month: how many still pay so many months later, and how
-- much of their first MRR is left.
select
    cohort_month,
    currency,
    cast(date_diff('month', cohort_month, month) as integer) as months_since,
    accounts,
    paying_accounts,
    mrr,
    cast(paying_accounts / nullif(accounts, 0) as decimal(18, 6)) as account_retention,
    cast(
        mrr / nullif(first_value(mrr) over (partition by cohort_month order by month), 0)
        as decimal(18, 6)
    ) as mrr_retention
from mrr_cohorts
where currency = $currency
order by cohort_month desc, months_since
