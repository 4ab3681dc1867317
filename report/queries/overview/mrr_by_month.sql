-- MRR at the end of each month in one currency.
select
    month,
    currency,
    closing_mrr,
    closing_accounts,
    arpa,
    is_estimated
from mrr_movements_by_month
where currency = $currency
order by month desc
