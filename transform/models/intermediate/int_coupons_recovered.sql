-- Grain: one coupon. One that is gone goes on discounting: its terms, which never change, are read
-- off any discount that carries a copy. The copy does not say to which products it applies: to all.
with

coupons as (

    select * from {{ ref('stg_stripe__coupons') }}

),

discounts as (

    select * from {{ ref('stg_stripe__discounts') }}

),

copies as (

    select
        coupon_id,
        max(coupon_name) as name,
        max(percent_off) as percent_off,
        max(amount_off) as amount_off,
        max(coupon_currency) as currency,
        max(duration) as duration,
        max(duration_in_months) as duration_in_months
    from discounts
    where percent_off is not null or amount_off is not null
    group by coupon_id

)

select
    coalesce(coupons.coupon_id, copies.coupon_id) as coupon_id,
    coalesce(coupons.name, copies.name) as name,
    coalesce(coupons.percent_off, copies.percent_off) as percent_off,
    coalesce(coupons.amount_off, copies.amount_off) as amount_off,
    coalesce(coupons.currency, copies.currency) as currency,
    coalesce(coupons.duration, copies.duration) as duration,
    coalesce(coupons.duration_in_months, copies.duration_in_months) as duration_in_months,
    coupons.applies_to_products
from coupons
full outer join copies on coupons.coupon_id = copies.coupon_id
