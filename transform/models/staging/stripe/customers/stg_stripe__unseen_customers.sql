-- Grain: one customer that was deleted before it was first read: its id is all that is known.
select
    stripe_account_id,
    id as customer_id,
    deleted_at,
    loaded_at
from {{ source('stripe', 'customers') }}
where created is null
