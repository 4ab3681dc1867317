-- Grain: one price in one further currency.
with

options as (

    select * from {{ source('stripe', 'price_currency_options') }}

),

prices as (

    select * from {{ source('stripe', 'prices') }}

)

select
    options.stripe_account_id,
    options.price_id,
    lower(options.currency) as currency,
    coalesce({{ amount('options.unit_amount') }}, options.unit_amount_decimal) as unit_amount,
    options.loaded_at
from options
inner join prices
    on
        options.stripe_account_id = prices.stripe_account_id
        and options.price_id = prices.id
        and options.read_at = prices.read_at
