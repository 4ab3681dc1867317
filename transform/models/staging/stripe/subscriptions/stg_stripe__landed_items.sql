-- Grain: one item as landed, also one that its subscription does not bring any more.
select
    stripe_account_id,
    id as subscription_item_id,
    subscription_id,
    created,
    price_id,
    quantity,
    current_period_start,
    current_period_end,
    read_at,
    loaded_at,
    {{ row_position() }} as row_position
from {{ source('stripe', 'subscription_items') }}
