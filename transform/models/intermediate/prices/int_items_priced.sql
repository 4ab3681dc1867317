-- Grain: one item of a known subscription, with its price in the subscription's own currency; where
-- the price has none in that currency the unit amount is null, never another currency's number.
with

landed_items as (

    select * from {{ named_rows(
        ref('stg_stripe__landed_items'), 'subscription_id', ref('int_subscriptions_classified')
    ) }}

),

subscriptions_classified as (

    select * from {{ ref('int_subscriptions_classified') }}

),

prices as (

    select * from {{ ref('stg_stripe__prices') }}

),

price_currency_options as (

    select * from {{ ref('stg_stripe__price_currency_options') }}

),

products as (

    select * from {{ ref('stg_stripe__products') }}

),

billing_intervals as (

    select * from {{ ref('billing_intervals') }}

)

select
    landed_items.stripe_account_id,
    landed_items.subscription_item_id,
    landed_items.subscription_id,
    row_number() over (
        partition by landed_items.stripe_account_id, landed_items.subscription_id
        order by
            landed_items.created nulls last, landed_items.subscription_item_id
    ) as item_position,
    landed_items.current_period_start,
    landed_items.current_period_end,
    landed_items.price_id,
    coalesce(prices.nickname, products.name, landed_items.price_id) as plan_name,
    prices.product_id,
    products.name as product_name,
    subscriptions_classified.currency,
    subscriptions_classified.exponent,
    prices.price_id is not null as has_price,
    prices.currency = subscriptions_classified.currency as is_own_currency,
    prices.billing_scheme = 'tiered' as is_tiered,
    prices.tiers_mode,
    coalesce(prices.usage_type = 'metered', false) as is_metered,
    prices.recurring_interval as billing_interval,
    prices.recurring_interval_count as interval_count,
    billing_intervals.periods_per_year,
    coalesce(landed_items.quantity, 1) as quantity,
    prices.transform_divide_by,
    prices.transform_round,
    case
        when prices.billing_scheme = 'tiered' then null
        when prices.currency = subscriptions_classified.currency then prices.unit_amount
        else price_currency_options.unit_amount
    end as unit_amount
from landed_items
-- Items that are still part of their subscription.
inner join subscriptions_classified using (stripe_account_id, subscription_id, read_at)
left join prices using (stripe_account_id, price_id)
left join products using (stripe_account_id, product_id)
left join price_currency_options
    on
        prices.stripe_account_id = price_currency_options.stripe_account_id
        and prices.price_id = price_currency_options.price_id
        and subscriptions_classified.currency = price_currency_options.currency
left join billing_intervals on prices.recurring_interval = billing_intervals.billing_interval
