-- MRR of customers that are linked to no account, by currency: it is in no other figure.
select
    currency,
    mrr,
    unlinked_mrr
from mrr_now
where unlinked_mrr is null or unlinked_mrr <> 0
order by currency
