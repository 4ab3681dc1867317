-- Grain: one object that is kept out of the landing tables.
select
    stripe_account_id,
    stream,
    object_id,
    path,
    problem,
    read_at
from {{ source('stripe', 'quarantine') }}
where cleared_at is null
