-- Grain: one Stripe product.
select
    stripe_account_id,
    id as product_id,
    nullif(trim(name), '') as name,
    loaded_at
from {{ source('stripe', 'products') }}
where created is not null
