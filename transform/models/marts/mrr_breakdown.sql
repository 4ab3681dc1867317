-- Grain: subscription item, step: how each account's MRR comes about. Step 0 is the item as
-- listed, each further step a discount; monthly_amount sums to the trait to the cent.
with

mrr_steps_apportioned as (

    select * from {{ ref('int_mrr_steps_apportioned') }}

),

items_amounted as (

    select * from {{ ref('int_items_amounted') }}

),

subscriptions_classified as (

    select * from {{ ref('int_subscriptions_classified') }}

),

discounts_denominated as (

    select * from {{ ref('int_discounts_denominated') }}

)

select
    mrr_steps_apportioned.account_id,
    mrr_steps_apportioned.stripe_account_id,
    mrr_steps_apportioned.subscription_id,
    mrr_steps_apportioned.is_chosen_subscription,
    mrr_steps_apportioned.subscription_item_id,
    mrr_steps_apportioned.step,
    case when mrr_steps_apportioned.step = 0 then 'list' else 'discount' end as component,
    items_amounted.price_id,
    items_amounted.plan_name,
    items_amounted.product_id,
    items_amounted.product_name,
    items_amounted.quantity,
    items_amounted.billing_interval,
    items_amounted.interval_count,
    items_amounted.currency,
    case
        when mrr_steps_apportioned.step = 0
            then {{ rounded_major('items_amounted.amount', 'items_amounted.exponent') }}
    end as list_amount,
    discounts_denominated.discount_id,
    discounts_denominated.coupon_name as discount_name,
    discounts_denominated.percent_off as discount_percent_off,
    {{ major('discounts_denominated.denominated_amount_off', 'items_amounted.exponent') }}
        as discount_amount_off,
    {{ exact_major('mrr_steps_apportioned.monthly_amount', 'items_amounted.exponent') }}
        as monthly_amount,
    coalesce(
        subscriptions_classified.excluded_because,
        case when items_amounted.is_metered then 'metered' end
    ) as excluded_because
from mrr_steps_apportioned
inner join items_amounted using (stripe_account_id, subscription_id, subscription_item_id)
inner join subscriptions_classified using (stripe_account_id, subscription_id)
left join discounts_denominated using (stripe_account_id, subscription_id, discount_key)
where mrr_steps_apportioned.account_id is not null
