-- What keeps the account store from what the marts say, each with how many accounts.
with

states as (

    select
        'accounts wait to be sent' as what,
        account_id
    from sync_backlog

    union all

    select
        'accounts were refused by the account store' as what,
        account_id
    from dead_letters
    where resolution is null

    union all

    select
        'accounts were kept out of the delivery' as what,
        account_id
    from sync_invalid

    union all

    select
        'accounts were changed in the account store' as what,
        account_id
    from sync_drift

)

select
    what,
    count(distinct account_id) as how_many,
    '/quality' as page
from states
group by what
order by how_many desc, what
