-- Grain: one discount, with what its coupon takes off. A discount of unknown duration counts, so
-- that a coupon which was never seen shows as a null and not as no discount. The terms are those of
-- the discount's own copy: a coupon deleted and made again under its id can have others.
{% set terms = {
    'percent_off': 'percent_off',
    'amount_off': 'amount_off',
    'currency': 'coupon_currency',
    'duration': 'duration',
    'duration_in_months': 'duration_in_months',
} %}
with

discounts as (

    select * from {{ ref('int_discounts_to_rebuild') }}

),

coupons_recovered as (

    select * from {{ ref('int_coupons_recovered') }}

),

mrr_discount_durations as (

    select * from {{ ref('mrr_discount_durations') }}

),

run_settings as (

    select * from {{ ref('stg_pipeline__run_settings') }}

),

coupon_terms as (

    select
        discounts.stripe_account_id,
        discounts.discount_key,
        coalesce(discounts.discount_id, discounts.coupon_id) as discount_id,
        discounts.owner_type,
        discounts.owner_id,
        discounts.root_id,
        discounts.position,
        discounts.coupon_id,
        coalesce(coupons_recovered.name, discounts.coupon_id) as coupon_name,
        {% for term, copied in terms.items() %}
        case
            when coalesce(discounts.percent_off, discounts.amount_off) is null
                then coupons_recovered.{{ term }}
            else discounts.{{ copied }}
        end as {{ copied }},
        {% endfor %}
        coalesce(coupons_recovered.is_read, false) as is_coupon_read,
        coalesce(
            coupons_recovered.amount_off
            = coalesce(discounts.amount_off, coupons_recovered.amount_off)
            and coupons_recovered.currency
            = coalesce(discounts.coupon_currency, coupons_recovered.currency),
            false
        ) as is_of_todays_coupon,
        coupons_recovered.applies_to_products,
        discounts.ends_at
    from discounts
    left join coupons_recovered using (stripe_account_id, coupon_id)

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
