-- Grain: one item of a subscription that counts for MRR now: its net amount of a year.
{{ config(materialized='view') }}
with

items_amounted as (

    select * from {{ ref('int_items_amounted') }}

),

items_discounted as (

    select * from {{ ref('int_items_discounted') }}

),

subscriptions_valued as (

    select * from {{ ref('int_subscriptions_valued') }}

)

select
    items_amounted.stripe_account_id,
    items_amounted.subscription_item_id as item_id,
    items_amounted.price_id,
    items_amounted.quantity,
    {{ sum_of_known('items_discounted.annual_change') }} as annual_amount
from items_amounted
inner join items_discounted using (stripe_account_id, subscription_item_id)
inner join subscriptions_valued
    on
        items_amounted.stripe_account_id = subscriptions_valued.stripe_account_id
        and items_amounted.subscription_id = subscriptions_valued.subscription_id
where subscriptions_valued.counts_for_mrr
group by
    items_amounted.stripe_account_id,
    items_amounted.subscription_item_id,
    items_amounted.price_id,
    items_amounted.quantity
