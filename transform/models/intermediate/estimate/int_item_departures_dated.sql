-- Grain: one item that its subscription has no more and that no credit tells the end of: when it
-- left. At the beginning of what replaced it inside its last paid period, else at that period's end
-- where something else goes on, else when something comes again. Null: nothing came any more.
{{ config(materialized='view') }}
with

charges as (

    select * from {{ ref('int_charges_ordered') }}

),

items_priced as (

    select * from {{ ref('int_items_priced') }}

),

-- Older lines name the price alone.
current_items as (

    select
        stripe_account_id,
        subscription_id,
        subscription_item_id as item_id
    from items_priced
    union distinct
    select
        stripe_account_id,
        subscription_id,
        price_id as item_id
    from items_priced

),

last_charges as (

    select charges.*
    from charges
    left join current_items using (stripe_account_id, subscription_id, item_id)
    where
        charges.next_start is null
        and charges.credited_at is null
        and current_items.item_id is null

)

select
    last_charges.stripe_account_id,
    last_charges.subscription_id,
    last_charges.item_id,
    min(case
        when others.period_start >= last_charges.period_end then others.period_start
        when
            others.period_start > last_charges.period_start
            and not others.is_proration
            and (
                others.item_start > last_charges.period_start
                or (
                    others.billing_interval = last_charges.billing_interval
                    and others.interval_count = last_charges.interval_count
                )
            )
            then others.period_start
        when others.period_end > last_charges.period_end then last_charges.period_end
    end) as left_at
from last_charges
left join charges as others
    on
        last_charges.stripe_account_id = others.stripe_account_id
        and last_charges.subscription_id = others.subscription_id
        and last_charges.item_id <> others.item_id
group by last_charges.stripe_account_id, last_charges.subscription_id, last_charges.item_id
