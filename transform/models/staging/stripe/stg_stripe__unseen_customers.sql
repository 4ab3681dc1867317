-- Grain: one customer that was deleted before it was first read: its id is all that is known.
select
    id as customer_id,
    deleted_at
from {{ source('stripe', 'customers') }}
where created is null
