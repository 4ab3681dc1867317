-- Of the accounts that began to pay in a month: how many still pay so many months later, and how
-- much of their first MRR is left.
select
    cohort_month,
    months_since_start,
    month,
    currency,
    accounts,
    paying_accounts,
    mrr,
    account_retention,
    net_mrr_retention,
    is_estimated
from mrr_cohorts
where currency = $currency
order by cohort_month desc, months_since_start
