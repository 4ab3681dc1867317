-- Grain: one price of which something changed since the last build, in itself or in its product.
{{ config(materialized='view') }}
with

prices as (

    select * from {{ ref('stg_stripe__prices') }}

),

products as (

    select * from {{ ref('stg_stripe__products') }}

),

run_settings as (

    select * from {{ ref('stg_pipeline__run_settings') }}

)

select
    prices.stripe_account_id,
    prices.price_id
from prices
left join products using (stripe_account_id, product_id)
where
    {{ loaded_since_last_build('prices') }}
    or {{ loaded_since_last_build('products') }}
