-- MRR today by plan, in one currency.
select
    plan_name,
    currency,
    mrr,
    nullif(accounts_without_mrr, 0) as accounts_without_mrr,
    accounts,
    arpa,
    price_id
from mrr_by_plan
where currency = $currency
order by mrr desc nulls last, price_id
