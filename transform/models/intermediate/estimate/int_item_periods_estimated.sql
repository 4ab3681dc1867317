-- Grain: item, moment from which it was charged anew: until when that amount counts (null: still).
-- With `MRR_PAUSE_COLLECTION=keep` a gap inside the subscription's life is bridged at the last
-- amount: only a credit, a removal or the subscription's end ends an item.
{{ config(materialized='view') }}
with

charges as (

    select * from {{ ref('int_charges_ordered') }}

),

items_left as (

    select * from {{ ref('int_item_departures_dated') }}

),

subscriptions_valued as (

    select * from {{ ref('int_subscriptions_valued') }}

),

run_settings as (

    select * from {{ ref('stg_pipeline__run_settings') }}

),

lives as (

    select
        charges.*,
        run_settings.mrr_pause_collection <> 'zero' as is_gap_bridged,
        items_left.item_id is not null as has_left,
        items_left.left_at,
        subscriptions_valued.counts_for_mrr
        and coalesce(subscriptions_valued.net_annual_amount > 0, true) as counts_today,
        case
            when subscriptions_valued.status = 'canceled'
                then coalesce(subscriptions_valued.ended_at, subscriptions_valued.canceled_at)
        end as ended_at
    from charges
    cross join run_settings
    left join items_left using (stripe_account_id, subscription_id, item_id)
    left join subscriptions_valued
        on
            charges.stripe_account_id = subscriptions_valued.stripe_account_id
            and charges.subscription_id = subscriptions_valued.subscription_id

)

select
    stripe_account_id,
    subscription_id,
    customer_id,
    account_id,
    currency,
    annual_amount,
    period_start,
    least(
        ended_at,
        case
            when credited_at is not null then least(credited_at, next_start)
            when coalesce(next_start, left_at) is not null
                then case
                    when is_gap_bridged then coalesce(next_start, left_at)
                    else least(next_start, left_at, period_end)
                end
            when counts_today or (is_gap_bridged and ended_at is not null) then null
            else period_end
        end
    ) as counts_until
from lives
