-- Grain: one Stripe product.
select
    id as product_id,
    nullif(trim(name), '') as name
from {{ source('stripe', 'products') }}
where created is not null
