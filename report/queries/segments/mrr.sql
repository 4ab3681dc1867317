-- What the accounts of each segment pay together, by currency.
select
    segment_members.segment,
    part.key as currency,
    count(*) as accounts,
    sum(part.value) as mrr
from segment_members
inner join (
    select accounts.account_id, unnest(map_entries(accounts.mrr_by_currency)) as part from accounts
) using (account_id)
where segment_members.left_at is null
group by segment_members.segment, part.key
order by segment_members.segment, accounts desc, currency
