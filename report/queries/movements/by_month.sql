-- What moved MRR, month by month, in one currency.
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
    closing_mrr,
    is_estimated
from mrr_movements_by_month
where currency = $currency
order by month desc
