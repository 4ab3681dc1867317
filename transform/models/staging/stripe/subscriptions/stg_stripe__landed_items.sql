-- Grain: one item as landed, also one that its subscription does not bring any more.
select
    stripe_account_id,
    id as subscription_item_id,
    subscription_id,
    price_id,
    loaded_at
from {{ source('stripe', 'subscription_items') }}
