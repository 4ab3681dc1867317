-- Grain: one discount at work on one item of a subscription that counts for MRR. Steps run over the
-- whole subscription: first the items' own discounts, then the others in array order. A coupon of
-- unknown scope may reach an item or not: what it takes off is null.
with

discounts_denominated as (

    select * from {{ ref('int_discounts_denominated') }}

),

items_amounted as (

    select * from {{ ref('int_items_amounted') }}

),

subscriptions_classified as (

    select * from {{ ref('int_subscriptions_classified') }}

),

counted_discounts as (

    select
        discounts_denominated.*,
        dense_rank() over (
            partition by
                discounts_denominated.stripe_account_id,
                discounts_denominated.subscription_id
            order by
                case when discounts_denominated.scope = 'item' then 1 else 2 end,
                discounts_denominated.discount_position
        ) as step
    from discounts_denominated
    inner join subscriptions_classified using (stripe_account_id, subscription_id)
    where
        subscriptions_classified.counts_for_mrr
        and discounts_denominated.is_counted_duration
        and (
            discounts_denominated.amount_off is null
            or discounts_denominated.denominated_amount_off is not null
        )

),

reached_items as (

    select
        items_amounted.stripe_account_id,
        items_amounted.subscription_id,
        items_amounted.subscription_item_id,
        items_amounted.periods_per_year,
        items_amounted.interval_count,
        counted_discounts.step,
        counted_discounts.discount_key,
        case when counted_discounts.is_coupon_read then counted_discounts.percent_off end
            as percent_off,
        case
            when counted_discounts.is_coupon_read then counted_discounts.denominated_amount_off
        end as amount_off
    from counted_discounts
    inner join items_amounted
        on
            counted_discounts.stripe_account_id = items_amounted.stripe_account_id
            and counted_discounts.subscription_id = items_amounted.subscription_id
            and (
                counted_discounts.scope <> 'item'
                or counted_discounts.owner_id = items_amounted.subscription_item_id
            )
    where
        counted_discounts.applies_to_products is null
        or {{ array_holds('counted_discounts.applies_to_products', 'items_amounted.product_id') }}

)

select
    stripe_account_id,
    subscription_id,
    subscription_item_id,
    step,
    discount_key,
    percent_off,
    {{ divide_exactly(amount(amount('amount_off') ~ ' * periods_per_year'), 'interval_count') }}
        as annual_amount_off
from reached_items
