-- What the accounts that fulfil the conditions pay together, by currency.
select
    part.key as currency,
    count(*) as accounts,
    sum(part.value) as mrr
from (
    select unnest(map_entries(accounts.mrr_by_currency)) as part
    from accounts {joins}
    where {conditions} and {search}
)
group by part.key
order by accounts desc, currency
