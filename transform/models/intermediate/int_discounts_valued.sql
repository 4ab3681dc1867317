-- Grain: one discount, with what its coupon takes off; the discount's own copy where the coupon is
-- gone. A discount of unknown duration counts, so that an unknown coupon shows as a null and not
-- as no discount.
with

discounts as (

    select * from {{ ref('stg_stripe__discounts') }}

),

coupons as (

    select * from {{ ref('stg_stripe__coupons') }}

),

mrr_discount_durations as (

    select * from {{ ref('mrr_discount_durations') }}

),

run_settings as (

    select * from {{ ref('stg_pipeline__run_settings') }}

),

coupon_terms as (

    select
        discounts.discount_id,
        discounts.owner_type,
        discounts.owner_id,
        discounts.root_id,
        discounts.position,
        discounts.coupon_id,
        coupons.coupon_id is not null as has_coupon,
        coalesce(coupons.name, discounts.coupon_name, discounts.coupon_id) as coupon_name,
        coalesce(coupons.percent_off, discounts.percent_off) as percent_off,
        coalesce(coupons.amount_off, discounts.amount_off) as amount_off,
        coalesce(coupons.currency, discounts.coupon_currency) as coupon_currency,
        coalesce(coupons.duration, discounts.duration) as duration,
        coalesce(coupons.duration_in_months, discounts.duration_in_months) as duration_in_months,
        coupons.applies_to_products,
        discounts.ends_at
    from discounts
    left join coupons on discounts.coupon_id = coupons.coupon_id

)

select
    coupon_terms.*,
    coalesce(coupon_terms.ends_at <= run_settings.as_of, false) as is_ended,
    coupon_terms.duration is null
    or mrr_discount_durations.duration is not null as is_counted_duration
from coupon_terms
cross join run_settings
left join mrr_discount_durations
    on
        run_settings.mrr_discount_durations = mrr_discount_durations.setting
        and coupon_terms.duration = mrr_discount_durations.duration
