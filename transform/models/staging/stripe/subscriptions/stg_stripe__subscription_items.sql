-- Grain: one item that is still part of its subscription.
with

items as (

    select * from {{ source('stripe', 'subscription_items') }}

),

subscriptions as (

    select * from {{ source('stripe', 'subscriptions') }}

)

select
    items.stripe_account_id,
    items.id as subscription_item_id,
    items.subscription_id,
    items.created,
    items.price_id,
    items.quantity,
    items.current_period_start,
    items.current_period_end,
    items.loaded_at
from items
inner join subscriptions
    on
        items.stripe_account_id = subscriptions.stripe_account_id
        and items.subscription_id = subscriptions.id
        and items.read_at = subscriptions.read_at
