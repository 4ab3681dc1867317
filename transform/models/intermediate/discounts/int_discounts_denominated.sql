-- Grain: one discount on one subscription: what it takes off in the subscription's currency. That
-- is the coupon's amount, or its option in that currency; null where the coupon has neither.
with

discounts_attached as (

    select * from {{ ref('int_discounts_attached') }}

),

subscriptions_classified as (

    select * from {{ ref('int_subscriptions_classified') }}

),

coupon_currency_options as (

    select * from {{ ref('stg_stripe__coupon_currency_options') }}

)

select
    discounts_attached.*,
    subscriptions_classified.currency,
    subscriptions_classified.exponent,
    case
        when discounts_attached.coupon_currency = subscriptions_classified.currency
            then discounts_attached.amount_off
        when discounts_attached.is_of_todays_coupon then coupon_currency_options.amount_off
    end as denominated_amount_off
from discounts_attached
inner join subscriptions_classified using (stripe_account_id, subscription_id)
left join coupon_currency_options
    on
        discounts_attached.stripe_account_id = coupon_currency_options.stripe_account_id
        and discounts_attached.coupon_id = coupon_currency_options.coupon_id
        and subscriptions_classified.currency = coupon_currency_options.currency
