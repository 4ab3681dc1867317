-- Grain: one coupon: the terms that a discount without a copy of its own goes by. They are one set:
-- the coupon's row, deleted or not; without one, the copy on the latest discount that carries one.
{{ config(materialized='view') }}
{% set terms = ['percent_off', 'amount_off', 'currency', 'duration', 'duration_in_months'] %}
with

coupons as (

    select * from {{ ref('stg_stripe__coupons') }}

),

discounts as (

    select * from {{ ref('stg_stripe__discounts') }}

),

-- Nearly always none: then no discount is looked at.
unread_coupons as (

    select distinct
        landed_discounts.stripe_account_id,
        landed_discounts.coupon_id
    from {{ ref('stg_stripe__landed_discounts') }} as landed_discounts
    left join coupons using (stripe_account_id, coupon_id)
    where coupons.coupon_id is null and landed_discounts.coupon_id is not null

),

ranked_copies as (

    select
        discounts.*,
        discounts.coupon_currency as currency,
        row_number() over (
            partition by discounts.stripe_account_id, discounts.coupon_id
            order by discounts.starts_at desc nulls last, discounts.discount_key desc
        ) as rank_of_coupon
    from discounts
    inner join unread_coupons using (stripe_account_id, coupon_id)
    where coalesce(discounts.percent_off, discounts.amount_off) is not null

),

copies as (

    select * from ranked_copies
    where rank_of_coupon = 1

)

select
    stripe_account_id,
    coupon_id,
    coupons.coupon_id is not null as is_read,
    {% for term in terms %}
    case when coupons.coupon_id is null then copies.{{ term }} else coupons.{{ term }} end
        as {{ term }},
    {% endfor %}
    case when coupons.coupon_id is null then copies.coupon_name else coupons.name end as name,
    coupons.applies_to_products
from coupons
full outer join copies using (stripe_account_id, coupon_id)
