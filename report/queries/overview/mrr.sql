-- MRR of the newest month by currency, and how it changed since the month before ended.
select
    currency,
    closing_mrr,
    closing_mrr - opening_mrr as change_this_month,
    closing_accounts,
    arpa,
    net_revenue_retention,
    gross_revenue_retention,
    account_churn_rate,
    month
from mrr_movements_by_month
where month = (select max(newest.month) from mrr_movements_by_month as newest)
order by closing_accounts desc, currency
