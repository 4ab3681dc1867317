-- Grain: one subscription with items: the item that renews next, and when the last of its items
-- ends.
{{ config(materialized='view') }}
with

items_priced as (

    select * from {{ ref('int_items_priced') }}

),

ranked_items as (

    select
        stripe_account_id,
        subscription_id,
        current_period_start,
        current_period_end,
        billing_interval,
        max(current_period_end) over (
            partition by stripe_account_id, subscription_id
        ) as latest_period_end,
        row_number() over (
            partition by stripe_account_id, subscription_id
            order by current_period_end nulls last, item_position
        ) as rank_in_subscription
    from items_priced

)

select
    stripe_account_id,
    subscription_id,
    current_period_start,
    current_period_end,
    billing_interval as subscription_interval,
    latest_period_end
from ranked_items
where rank_in_subscription = 1
