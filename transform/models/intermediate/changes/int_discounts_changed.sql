-- Grain: one discount of which something changed since the last build, in itself, in its coupon or
-- by running out. One that takes its terms from elsewhere always counts: another discount may have
-- carried them. One that hangs there no longer may count: to look whether it does would cost more
-- than to rebuild its owner in vain.
{{ config(materialized='view') }}
with

landed_discounts as (

    select * from {{ ref('stg_stripe__landed_discounts') }}

),

coupons as (

    select * from {{ ref('stg_stripe__coupons') }}

),

run_settings as (

    select * from {{ ref('stg_pipeline__run_settings') }}

)

select
    landed_discounts.stripe_account_id,
    landed_discounts.discount_key,
    landed_discounts.owner_type,
    landed_discounts.root_id
from landed_discounts
left join coupons using (stripe_account_id, coupon_id)
where
    {{ loaded_since_last_build('landed_discounts') }}
    or {{ loaded_since_last_build('coupons') }}
    or {{ passed_since_last_build('landed_discounts.ends_at') }}
    or (
        coupons.coupon_id is null
        and coalesce(landed_discounts.percent_off, landed_discounts.amount_off) is null
    )
