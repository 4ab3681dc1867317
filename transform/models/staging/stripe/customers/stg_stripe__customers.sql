-- Grain: one Stripe customer; a deleted one keeps its last seen values. A tombstone of one that was
-- never seen says nothing and is left out, here as in the models beside this one.
select
    stripe_account_id,
    id as customer_id,
    created,
    name,
    email,
    coalesce(balance, 0) as balance,
    lower(currency) as currency,
    delinquent,
    default_payment_method_id,
    default_source_id,
    coalesce(metadata, '{}') as metadata_json,
    deleted_at is not null as is_deleted,
    deleted_at,
    read_at,
    loaded_at,
    {{ row_position() }} as row_position
from {{ source('stripe', 'customers') }}
where created is not null
