-- Accounts that the account store did not take, that wait, or that were kept out, and why.
select
    account_id,
    'refused by the account store' as state,
    coalesce(error, code) as why,
    parked_at as since
from dead_letters
where resolution is null

union all

select
    account_id,
    'waiting to be sent' as state,
    error as why,
    planned_at as since
from sync_backlog

union all

select
    account_id,
    'kept out of the delivery' as state,
    reason as why,
    cast(null as timestamp) as since
from sync_invalid
order by since desc nulls last, account_id
