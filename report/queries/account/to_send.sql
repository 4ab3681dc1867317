-- Traits that differ from what the account store acknowledged: what would be sent now.
with

held as (

    select unnest(map_entries(cast(cast(traits as json) as map(varchar, json)))) as trait
    from sync_snapshot
    where account_id = $account

),

wanted as (

    select unnest(map_entries(cast(cast(traits as json) as map(varchar, json)))) as trait
    from account_traits
    where account_id = $account

)

select
    coalesce(wanted.trait.key, held.trait.key) as trait,
    cast(held.trait.value as varchar) as acknowledged,
    cast(wanted.trait.value as varchar) as now
from wanted
full join held on wanted.trait.key = held.trait.key
where
    -- What is absent is left alone, but for the metadata, which is sent whole.
    (wanted.trait.key is not null or starts_with(held.trait.key, 'stripe.metadata.'))
    and coalesce(cast(wanted.trait.value as varchar), 'null')
    <> coalesce(cast(held.trait.value as varchar), 'null')
order by trait
