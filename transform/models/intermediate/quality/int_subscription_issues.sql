-- Grain: issue, subscription. Live subscriptions of which no item was read.
{{ config(materialized='view') }}
with

subscriptions_classified as (

    select * from {{ ref('int_subscriptions_classified') }}

),

items_priced as (

    select * from {{ ref('int_items_priced') }}

)

select
    'subscription_without_items' as issue,
    'subscription' as object,
    subscriptions_classified.subscription_id as object_id,
    'items' as field,
    'No item was read; the amount of the subscription is null.' as detail,
    'subscription' as affected_object,
    subscriptions_classified.subscription_id as affected_id,
    subscriptions_classified.account_id,
    subscriptions_classified.stripe_account_id,
    subscriptions_classified.customer_id,
    subscriptions_classified.subscription_id
from subscriptions_classified
left join items_priced using (stripe_account_id, subscription_id)
where subscriptions_classified.is_live and items_priced.subscription_id is null
