-- MRR today by product, in one currency.
select
    product_name,
    currency,
    mrr,
    nullif(accounts_without_mrr, 0) as accounts_without_mrr,
    accounts,
    arpa,
    product_id
from mrr_by_product
where currency = $currency
order by mrr desc nulls last, product_id
