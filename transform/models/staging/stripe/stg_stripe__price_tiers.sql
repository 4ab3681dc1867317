-- Grain: one tier of a price. A tier without an amount of its own adds nothing.
with

tiers as (

    select * from {{ source('stripe', 'price_tiers') }}

),

prices as (

    select * from {{ source('stripe', 'prices') }}

)

select
    tiers.id as price_tier_id,
    tiers.price_id,
    tiers.position,
    tiers.up_to,
    coalesce({{ amount('tiers.unit_amount') }}, tiers.unit_amount_decimal, {{ amount('0') }})
        as unit_amount,
    coalesce({{ amount('tiers.flat_amount') }}, tiers.flat_amount_decimal, {{ amount('0') }})
        as flat_amount
from tiers
inner join prices on tiers.price_id = prices.id and tiers.read_at = prices.read_at
