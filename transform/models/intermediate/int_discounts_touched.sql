-- Grain: one discount of which something changed since the last build, in itself, in its coupon or
-- by running out. One that takes its terms from elsewhere always counts: another discount may have
-- carried them.
{{ config(materialized='view') }}
with

discounts as (

    select * from {{ ref('stg_stripe__discounts') }}

),

coupons as (

    select * from {{ ref('stg_stripe__coupons') }}

),

run_settings as (

    select * from {{ ref('stg_pipeline__run_settings') }}

)

select
    discounts.stripe_account_id,
    discounts.discount_key,
    discounts.owner_type,
    discounts.root_id
from discounts
left join coupons using (stripe_account_id, coupon_id)
where
    {{ loaded_since_last_build('discounts') }}
    or {{ loaded_since_last_build('coupons') }}
    or {{ passed_since_last_build('discounts.ends_at') }}
    or (
        coupons.coupon_id is null
        and coalesce(discounts.percent_off, discounts.amount_off) is null
    )
