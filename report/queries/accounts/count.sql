-- How many accounts fulfil the conditions, and of how many a part of the MRR is not known.
select
    count(*) as accounts,
    count(*) filter (
        where list_count(map_values(accounts.mrr_by_currency)) < cardinality(accounts.mrr_by_currency)
    ) as without_mrr
from accounts {joins}
where {conditions} and {search}
