-- How well revenue is kept, month by month, in one currency.
select
    month,
    currency,
    net_revenue_retention,
    gross_revenue_retention,
    mrr_churn_rate,
    account_churn_rate,
    arpa,
    opening_accounts,
    new_accounts,
    reactivation_accounts,
    churn_accounts,
    closing_accounts
from mrr_movements_by_month
where currency = $currency
order by month desc
