-- Grain: one tier of a price in one currency: for quantities above from_quantity, up to up_to
-- (null: without end).
{{ config(materialized='view') }}
with

price_tiers as (

    select * from {{ ref('stg_stripe__price_tiers') }}

)

select
    stripe_account_id,
    price_tier_id,
    price_id,
    currency,
    coalesce(
        lag(up_to) over (
            partition by stripe_account_id, price_id, currency
            order by up_to asc nulls last, position
        ), 0
    ) as from_quantity,
    up_to,
    unit_amount,
    flat_amount
from price_tiers
