-- Grain: one tiered item whose price has tiers in its currency. Graduated: each tier bills what
-- falls into it; volume: the tier that the quantity reaches bills all of it. A quantity that no
-- tier covers has no row; an amount that is too large is null.
{{ config(materialized='view') }}
with

items_quantified as (

    select * from {{ ref('int_items_quantified') }}

),

tiers_bounded as (

    select * from {{ ref('int_tiers_bounded') }}

),

reached_tiers as (

    select
        items_quantified.stripe_account_id,
        items_quantified.subscription_item_id,
        items_quantified.tiers_mode,
        items_quantified.billed_quantity <= tiers_bounded.up_to
        or tiers_bounded.up_to is null as is_last_reached,
        case
            when items_quantified.tiers_mode <> 'graduated' then items_quantified.billed_quantity
            else
                least(
                    items_quantified.billed_quantity,
                    coalesce(tiers_bounded.up_to, items_quantified.billed_quantity)
                ) - tiers_bounded.from_quantity
        end as tier_quantity,
        tiers_bounded.unit_amount,
        tiers_bounded.flat_amount
    from items_quantified
    inner join tiers_bounded
        on
            items_quantified.stripe_account_id = tiers_bounded.stripe_account_id
            and items_quantified.price_id = tiers_bounded.price_id
            and items_quantified.currency = tiers_bounded.currency
            and items_quantified.billed_quantity > tiers_bounded.from_quantity
    where items_quantified.is_tiered

),

billing_tiers as (

    select
        reached_tiers.*,
        case
            when {{ is_computable(['unit_amount', 'tier_quantity']) }}
                then {{ amount('unit_amount * tier_quantity + flat_amount') }}
        end as tier_amount
    from reached_tiers
    where tiers_mode = 'graduated' or is_last_reached

),

limited_tiers as (

    select
        billing_tiers.*,
        {{ within_limit('tier_amount') }} as amount
    from billing_tiers

)

select
    stripe_account_id,
    subscription_item_id,
    {{ within_limit(sum_of_known('amount')) }} as amount
from limited_tiers
group by stripe_account_id, subscription_item_id
having bool_or(is_last_reached)
