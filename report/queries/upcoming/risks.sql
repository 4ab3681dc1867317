-- MRR that may be lost, by reason and currency; an account with two reasons stands in both.
select
    reason as risk,
    currency,
    count(*) as accounts,
    sum(mrr) as mrr,
    nullif(count(*) filter (where mrr is null), 0) as accounts_without_mrr
from revenue_at_risk
group by reason, currency
order by risk, accounts desc, currency
