-- Grain: one coupon in one further currency: the amount that it takes off there.
with

options as (

    select * from {{ source('stripe', 'coupon_currency_options') }}

),

coupons as (

    select * from {{ source('stripe', 'coupons') }}

)

select
    options.stripe_account_id,
    options.coupon_id,
    lower(options.currency) as currency,
    options.amount_off,
    options.loaded_at
from options
inner join coupons
    on
        options.stripe_account_id = coupons.stripe_account_id
        and options.coupon_id = coupons.id
        and options.read_at = coupons.read_at
