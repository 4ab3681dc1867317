-- Grain: one tier of a price in one currency. A tier without an amount of its own adds nothing.
with

tiers as (

    select * from {{ source('stripe', 'price_tiers') }}

),

prices as (

    select * from {{ source('stripe', 'prices') }}

)

select
    tiers.stripe_account_id,
    tiers.id as price_tier_id,
    tiers.price_id,
    lower(coalesce(tiers.currency, prices.currency)) as currency,
    tiers.position,
    tiers.up_to,
    coalesce({{ amount('tiers.unit_amount') }}, tiers.unit_amount_decimal, {{ amount('0') }})
        as unit_amount,
    coalesce({{ amount('tiers.flat_amount') }}, tiers.flat_amount_decimal, {{ amount('0') }})
        as flat_amount,
    tiers.loaded_at
from tiers
inner join prices
    on
        tiers.stripe_account_id = prices.stripe_account_id
        and tiers.price_id = prices.id
        and tiers.read_at = prices.read_at
