-- What moved MRR in the newest month, by currency.
select
    month,
    currency,
    opening_mrr,
    new_mrr,
    expansion_mrr,
    reactivation_mrr,
    contraction_mrr,
    churn_mrr,
    fx_mrr,
    closing_mrr
from mrr_movements_by_month
where month = (select max(newest.month) from mrr_movements_by_month as newest)
order by closing_accounts desc, currency
